import type { Event } from '#event/event.js'
import { jobFactKey, jobMessageId } from '#event/message-id.js'
import type { Job, Op } from '#ganeti/job.js'
import { textInput } from '#ganeti/job-decoder.js'
import { jobStatus } from '#ganeti/status.js'
import { unfoldStatuses } from '#ganeti/status-runs.js'
import { type Cluster, wireTime } from './op-event.js'
import type { JobFact } from './timeline.js'

/** Ops that a message lists one by one. A job of a thousand ops has four thousand messages: listing all would make 240 MB. */
const maxShownOps = 100

/** The message about the statuses of all ops of a job, whatever its opcodes are. */
export function jobEvent(cluster: Cluster, job: Job, fact: JobFact): Event {
  const shown = job.ops.slice(0, maxShownOps)
  const statuses = unfoldStatuses(fact.statuses)
  return {
    messageId: jobMessageId(cluster.uuid, job.id, jobFactKey(fact.statuses)),
    routingPrefix: '',
    subject: `job-${job.id}`,
    body: {
      type: 'ganeti-job-status',
      event_time: wireTime(fact.time),
      cluster: cluster.name,
      jobId: job.id,
      status: jobStatus(statuses),
      op_count: job.ops.length,
      summary: shown.map(summary),
      ops: shown.map((op, index) => ({
        operation: op.opcode,
        status: statuses[index] ?? op.status,
      })),
    },
  }
}

/** Which parameter a summary shows, by the second word of the opcode's name (`opDscField`, `src/Ganeti/OpCodes.hs`). */
const shownParameter: Readonly<Record<string, string>> = {
  BACKUP: 'instance_name',
  GROUP: 'group_name',
  INSTANCE: 'instance_name',
  NETWORK: 'network_name',
  NODE: 'node_name',
}

/** `INSTANCE_STARTUP(vm1)`: the opcode without `OP_`, and what it is about where Ganeti shows that. */
export function summary(op: Op): string {
  const name = op.opcode.replace(/^OP_/, '')
  const parameter = shownParameter[name.split('_')[0] ?? '']
  const shown = parameter === undefined ? undefined : textInput(op, parameter)
  return shown === undefined ? name : `${name}(${shown})`
}
