import type { Change } from '#central/store/store.js'
import { endIntent } from './end-intent.js'

/** How a job ended. */
export interface EndedJob {
  readonly jobId: number
  readonly status: 'success' | 'error' | 'canceled'
  /** What Ganeti says of a failure. */
  readonly reason: string
}

/**
 * Ends the intents whose jobs have ended, in the transaction that takes the messages that told it. Jobs that no intent made are
 * passed over.
 *
 * Three failures are no ends yet, and are looked into by the effect loop: a create that was refused because the name is taken (by an
 * earlier try of its own, perhaps), a delete that failed because nothing is left, and one whose reason was not told.
 */
export async function settleIntents(
  tx: Change,
  {
    nowMs,
    backendId,
    jobs,
  }: {
    readonly nowMs: number
    readonly backendId: number
    readonly jobs: readonly EndedJob[]
  },
): Promise<void> {
  if (jobs.length === 0) return
  const intents = await tx
    .selectFrom('intents')
    .selectAll()
    .where('backend_id', '=', backendId)
    .where('status', '=', 'submitted')
    .where(
      'job_id',
      'in',
      jobs.map(({ jobId }) => jobId),
    )
    .execute()
  for (const intent of intents) {
    const job = jobs.find(({ jobId }) => jobId === intent.job_id)
    if (job === undefined) continue
    if (job.status === 'success') await endIntent(tx, { nowMs, intent, failure: undefined })
    else if (isDoubtful(intent.kind, job)) await lookSoon(tx, { nowMs, intentId: intent.id })
    else await endIntent(tx, { nowMs, intent, failure: failureOf(job) })
  }
}

/** What a job's failure is called. */
export function failureOf({ status, reason }: EndedJob): string {
  return status === 'canceled' ? 'the job was canceled' : reason === '' ? 'the job failed' : reason
}

function isDoubtful(kind: string, { status, reason }: EndedJob): boolean {
  if (kind === 'create-server' && /already in the cluster/.test(reason)) return true
  if (kind === 'delete-server' && /not known/.test(reason)) return true
  return status === 'error' && reason === ''
}

async function lookSoon(
  tx: Change,
  { nowMs, intentId }: { readonly nowMs: number; readonly intentId: number },
): Promise<void> {
  await tx.updateTable('intents').set({ next_ms: nowMs }).where('id', '=', intentId).execute()
}
