import type { Message } from '#event/message.js'
import type { InstanceConfig } from '#ganeti/instance-config.js'
import { decodeJob } from '#ganeti/job-decoder.js'
import { jobMessages } from '#progress/job-messages.js'
import { timeline } from '#progress/timeline.js'
import type { FakeCluster, FakeJob } from './cluster.js'
import type { FakeInstance } from './model.js'

const told = {
  name: 'cluster.lab.example',
  uuid: '6f37fc92-0000-4000-8000-b158506d0000',
  prefixes: new Map<string, string>(),
}

/**
 * What the agent of a played cluster's master tells of a job that has just ended, by the agent's own code: every status of its ops and
 * of the job itself, and with the ends what the instance is like now.
 */
export function agentMessages(cluster: FakeCluster, job: FakeJob): readonly Message[] {
  const decoded = decodeJob(Buffer.from(jobFile(job)))
  if (!decoded.ok) throw new Error(`job ${job.id} cannot be read: ${JSON.stringify(decoded)}`)
  const origin = { node: 'n1.lab.example', cluster: told.name }
  const facts = timeline(decoded.value)
  return jobMessages(told, origin, { job: decoded.value, facts, instances: configs(cluster, job) })
}

/** As luxid writes it. */
function jobFile(job: FakeJob): string {
  const [start, end] = [timestamp(job.startMs), timestamp(job.endMs)]
  return JSON.stringify({
    id: job.id,
    ops: job.ops.map(({ opcode, input }, index) => ({
      input: { ...input, OP_ID: opcode },
      status: job.statuses[index],
      result: job.results[index],
      log: [],
      start_timestamp: start,
      exec_timestamp: start,
      end_timestamp: end,
    })),
    received_timestamp: timestamp(job.receivedMs),
    start_timestamp: start,
    end_timestamp: end,
  })
}

function timestamp(ms: number | undefined): readonly [number, number] | null {
  return ms === undefined ? null : [Math.floor(ms / 1000), Math.round((ms % 1000) * 1000)]
}

function configs(
  { instances }: FakeCluster,
  { ops }: FakeJob,
): ReadonlyMap<string, InstanceConfig> {
  const found = new Map<string, InstanceConfig>()
  for (const { input } of ops) {
    const name = String(input['instance_name'] ?? input['name'] ?? '')
    const instance = instances.get(name)
    if (instance !== undefined) found.set(name, configOf(instance))
  }
  return found
}

function configOf(instance: FakeInstance): InstanceConfig {
  const { name, serial, mtime, tags, nics, diskMib, uuid } = instance
  return {
    name,
    serialNo: serial,
    changedSeconds: mtime,
    tags: [...tags],
    nics: nics.map((nic) => ({ ...nic, mode: 'bridged', link: 'br0' })),
    disks: diskMib.map((size, index) => ({
      name: null,
      uuid: `${uuid}-disk-${index}`,
      sizeMebibytes: size,
    })),
    bootOrder: null,
    cdromImagePath: null,
  }
}
