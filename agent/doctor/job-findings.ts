import type { RoleFacts } from './facts.js'
import { type Finding, note } from './finding.js'

/** A master that tells anything settles that often at least. */
const maxSilentSeconds = 600

/** Whether a failover to this node, or the one that made it the master, leaves something untold or tells much again. */
export function jobFindings({ jobs, broker }: RoleFacts): readonly Finding[] {
  if (jobs === undefined) return []
  const { isMaster, isCandidate, unknown, held, heardSeconds } = jobs
  const isDeaf =
    isCandidate &&
    !isMaster &&
    held > 0 &&
    broker?.state === 'connected' &&
    (heardSeconds === undefined || heardSeconds > maxSilentSeconds)
  return [
    ...(isMaster && unknown !== ''
      ? [
          note(
            'jobs',
            `what became of jobs ${unknown} cannot be told from this node, which has no files of them`,
            'it was no candidate, or its agent was off, when they ended; see gnt-job list and let consumers reconcile; docs/failover.md',
          ),
        ]
      : []),
    ...(isDeaf
      ? [
          note(
            'jobs',
            `the master’s agent does not say which jobs it told; as the master this node would tell ${held} again`,
            'see that okeanid-agent runs on the master and reaches the broker, and that its user may have queues okeanid.*',
          ),
        ]
      : []),
  ]
}
