import { Fault } from '#central/api/fault.js'
import type { Change } from '#central/store/store.js'
import { type Amounts, exceeded, limitsOf, lockQuota, usageOf } from './quota.js'
import type { ServerRoom } from './server-room.js'

/**
 * Makes sure that a project may have this much more; nobody else uses the same room until the change is done.
 * @throws Fault 403, as Nova's over-quota
 */
export async function requireQuota(
  tx: Change,
  {
    room,
    projectId,
    wanted,
  }: { readonly room: ServerRoom; readonly projectId: string; readonly wanted: Partial<Amounts> },
): Promise<void> {
  await lockQuota(tx, { store: room.store, projectId })
  const limits = await limitsOf(tx, { config: room.config, projectId })
  const usage = await usageOf(tx, projectId)
  const problem = exceeded({ limits, usage, wanted })
  if (problem !== undefined) throw new Fault('forbidden', problem)
}
