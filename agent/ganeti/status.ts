/** How an opcode stands; spelt as Ganeti spells it (`lib/constants.py`, `OP_STATUS_*`). */
export type OpStatus =
  | 'queued'
  | 'waiting'
  | 'canceling'
  | 'running'
  | 'canceled'
  | 'success'
  | 'error'

/** How a job stands; the same words, worked out from its ops. */
export type JobStatus = OpStatus

/** All op statuses, in the order in which an op passes through them. */
export const opStatuses: readonly OpStatus[] = [
  'queued',
  'waiting',
  'canceling',
  'running',
  'canceled',
  'success',
  'error',
]

/** The status that a word names, or undefined. */
export function parseOpStatus(word: unknown): OpStatus | undefined {
  return opStatuses.find((status) => status === word)
}

/** True for statuses that an op or job never leaves in the normal course (`JOBS_FINALIZED`). */
export function isFinal(status: OpStatus): boolean {
  return status === 'canceled' || status === 'success' || status === 'error'
}

/**
 * A job's status from its ops' (`src/Ganeti/JQueue.hs`, `calcJobStatus`).
 *
 * The file has no status of its own. Between two ops a job is `queued` again; an op that failed or is being canceled
 * decides, whatever follows it.
 */
export function jobStatus(ops: readonly OpStatus[]): JobStatus {
  let status: JobStatus = 'queued'
  for (const op of ops) {
    switch (op) {
      case 'success':
      case 'queued':
        break
      case 'waiting':
      case 'running':
        status = op
        break
      case 'canceling':
      case 'error':
      case 'canceled':
        return op
    }
  }
  return ops.length > 0 && ops.every((op) => op === 'success') ? 'success' : status
}
