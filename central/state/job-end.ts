import { isFinal } from '#ganeti/status.js'
import type { Report } from './report.js'

/** How a job ended, as settling of intents wants to know it. */
export interface JobEnd {
  readonly jobId: number
  readonly status: 'success' | 'error' | 'canceled'
  readonly reason: string
}

/** Ops that RAPI puts into jobs of several: reinstalling is shut down, reinstall, start (`lib/rapi/rlib2.py`). */
const partial: ReadonlySet<string> = new Set(['OP_INSTANCE_SHUTDOWN', 'OP_INSTANCE_REINSTALL'])

/** What Ganeti says of ops that were not tried any more. */
const followed = 'Preceding opcode failed'

/**
 * The end of a job that a message tells, if it does; else undefined.
 *
 * A failed op ends its job, and says why, which the message about the job does not. An op that succeeded ends a job of one: which
 * one that is, the message does not say, but RAPI makes all of ours so except the three that are reinstalling. So what a server
 * is and that its task is done become visible together. Synnefo's eventd tells of ops only.
 */
export function jobEndOf(report: Report): JobEnd | undefined {
  if (report.kind === 'job') return endOf(report.jobId, report.status, '')
  if (report.kind !== 'op' && report.kind !== 'network') return undefined
  const { jobId, status, operation, opIndex, failure } = report
  const isLast = opIndex === undefined || (opIndex === 0 && !partial.has(operation))
  return status === 'success' && !isLast ? undefined : endOf(jobId, status, failure)
}

/** One end for each job: of several the one that says most. */
export function jobEnds(reports: Iterable<Report>): readonly JobEnd[] {
  const ends = new Map<number, JobEnd>()
  for (const report of reports) {
    const end = jobEndOf(report)
    if (end === undefined) continue
    const known = ends.get(end.jobId)
    if (known === undefined || worth(end) > worth(known)) ends.set(end.jobId, end)
  }
  return [...ends.values()]
}

function worth({ status, reason }: JobEnd): number {
  if (status === 'success') return 0
  return reason === '' ? 1 : reason === followed ? 2 : 3
}

function endOf(
  jobId: number,
  status: Parameters<typeof isFinal>[0],
  reason: string,
): JobEnd | undefined {
  if (!isFinal(status)) return undefined
  const ended = status === 'success' || status === 'canceled' ? status : 'error'
  return { jobId, status: ended, reason }
}
