import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Job } from '#ganeti/job.js'
import { decodeJob } from '#ganeti/job-decoder.js'
import { jobOfFileName } from '#ganeti/job-file.js'
import { isFinal } from '#ganeti/status.js'
import { jobMessages } from '#progress/job-messages.js'
import type { Cluster } from '#progress/op-event.js'
import { timeline } from '#progress/timeline.js'

/** A final status that Ganeti wrote to a disk, as the message that must tell it. */
export interface DiskFact {
  readonly messageId: string
  readonly jobId: number
  /** Instance, network or cluster that it is about, as routed; `job` for a job's own status. */
  readonly routingKey: string
  readonly status: string
  /** Who had it on its disk. */
  readonly nodes: readonly string[]
}

/**
 * The final statuses of ops and jobs that the job files in this queue directory and its archive prove, by message id: what DESIGN 3.3
 * guarantees to arrive. Works on a live queue (`lab.path(node, '/var/lib/ganeti/queue')` is one from outside); a file that goes from the
 * queue to the archive in between is found there, and one that is no job is left out.
 */
export function readDiskFacts(
  queueDirectory: string,
  { cluster, node }: { readonly cluster: Cluster; readonly node: string },
): ReadonlyMap<string, DiskFact> {
  const facts = new Map<string, DiskFact>()
  for (const file of jobFiles(queueDirectory)) {
    const job = readJob(file)
    if (job === undefined) continue
    for (const { messageId, routingKey, body } of finalMessages(job, cluster)) {
      const { status } = JSON.parse(body) as { readonly status: string }
      facts.set(messageId, { messageId, jobId: job.id, routingKey, status, nodes: [node] })
    }
  }
  return facts
}

/** All facts of several disks, each once, with the nodes that have it. */
export function unionOfDisks(
  disks: readonly ReadonlyMap<string, DiskFact>[],
): ReadonlyMap<string, DiskFact> {
  const all = new Map<string, DiskFact>()
  for (const [id, fact] of disks.flatMap((disk) => [...disk]))
    all.set(id, { ...fact, nodes: [...(all.get(id)?.nodes ?? []), ...fact.nodes] })
  return all
}

/** Messages about the final statuses that a version of a job shows. */
export function finalMessages(job: Job, cluster: Cluster): ReturnType<typeof jobMessages> {
  const facts = timeline(job).filter((fact) => {
    if (fact.kind === 'job') return isFinalRun(fact.statuses, job)
    return fact.kind === 'op' && isFinal(fact.status)
  })
  return jobMessages(cluster, { node: 'any', cluster: cluster.name }, { job, facts })
}

/** The last job fact of a finished job: its message says a final status. */
function isFinalRun(statuses: string, job: Job): boolean {
  const last = timeline(job).findLast((fact) => fact.kind === 'job')
  return last?.statuses === statuses && job.ops.every(({ status }) => isFinal(status))
}

function jobFiles(queueDirectory: string): readonly string[] {
  const archive = path.join(queueDirectory, 'archive')
  const folders = [queueDirectory, ...names(archive).map((name) => path.join(archive, name))]
  // the queue first and the archive after it: what moves in between is seen at least once
  return folders.flatMap((folder) =>
    names(folder)
      .filter((name) => jobOfFileName(name) !== undefined)
      .map((name) => path.join(folder, name)),
  )
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function readJob(file: string): Job | undefined {
  try {
    const outcome = decodeJob(readFileSync(file))
    return outcome.ok ? outcome.value : undefined
  } catch {
    return undefined
  }
}
