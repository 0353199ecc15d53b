import { lock } from '#central/store/store.js'
import { recordServerChange } from '#central/update/server-event.js'
import type { ReconcileDeps } from './reconcile.js'

/** Takes a task off a server that no intent will end, if that is still so. @returns whether it did */
export async function clearTask(
  { store, nowMs, wakeEvents }: Pick<ReconcileDeps, 'store' | 'nowMs' | 'wakeEvents'>,
  { serverId, graceMs }: { readonly serverId: number; readonly graceMs: number },
): Promise<boolean> {
  const now = nowMs()
  const isCleared = await store.write(async (tx) => {
    const query = tx.selectFrom('servers').selectAll().where('id', '=', serverId)
    const before = await lock(query, store).executeTakeFirst()
    if (before === undefined || before.task === null || before.updated_ms > now - graceMs) {
      return false
    }
    const intent =
      before.task_intent_id === null
        ? undefined
        : await tx
            .selectFrom('intents')
            .select('status')
            .where('id', '=', before.task_intent_id)
            .executeTakeFirst()
    if (intent !== undefined && intent.status !== 'done' && intent.status !== 'failed') return false
    const change = { task: null, task_intent_id: null, updated_ms: now } as const
    await tx.updateTable('servers').set(change).where('id', '=', serverId).execute()
    const after = { ...before, ...change }
    await recordServerChange(tx, { before, after, hasOtherPorts: false, nowMs: now })
    return true
  })
  if (isCleared) wakeEvents()
  return isCleared
}
