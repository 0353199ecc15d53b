import { settleIntents } from '#central/effect/settle-intents.js'
import { jobEnds } from '#central/state/job-end.js'
import { type Change, lock } from '#central/store/store.js'
import type { Concerning, ServerRow } from './sort-messages.js'
import type { UpdateDeps } from './update-deps.js'

/**
 * Ends the intents whose jobs these messages end, cluster by cluster.
 * @returns the servers of those intents, as they were before
 */
export async function settleJobs(
  tx: Change,
  {
    deps: { store },
    ofJobs,
    nowMs,
  }: {
    readonly deps: UpdateDeps
    readonly ofJobs: readonly Concerning[]
    readonly nowMs: number
  },
): Promise<readonly ServerRow[]> {
  const servers: ServerRow[] = []
  for (const backendId of new Set(ofJobs.map(({ backend }) => backend.id))) {
    const ofBackend = ofJobs.filter(({ backend }) => backend.id === backendId)
    const jobs = jobEnds(ofBackend.map(({ report }) => report))
    if (jobs.length === 0) continue
    const query = tx
      .selectFrom('servers')
      .selectAll()
      .where('id', 'in', (one) =>
        one
          .selectFrom('intents')
          .select('server_id')
          .where('backend_id', '=', backendId)
          .where('status', '=', 'submitted')
          .where('server_id', 'is not', null)
          .where(
            'job_id',
            'in',
            jobs.map(({ jobId }) => jobId),
          ),
      )
      .orderBy('id')
    servers.push(...(await lock(query, store).execute()))
    await settleIntents(tx, { nowMs, backendId, jobs })
  }
  return servers
}
