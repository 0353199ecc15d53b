import type { Selectable } from 'kysely'
import { endPortIntent } from '#central/network/end-port-intent.js'
import { undoResize } from '#central/server/undo-resize.js'
import type { Change } from '#central/store/store.js'
import type { IntentTable } from '#central/store/tables/traffic.js'

/** A row of `intents`. */
export type IntentRow = Selectable<IntentTable>

/**
 * Ends an intent, and what waited for it: its server's task is over, and what was promised for the case that it failed is taken
 * back. One that has ended stays as it did.
 * @param failure why it failed; undefined when it did not
 */
export async function endIntent(
  tx: Change,
  {
    nowMs,
    intent,
    failure,
  }: {
    readonly nowMs: number
    readonly intent: IntentRow
    readonly failure: string | undefined
  },
): Promise<void> {
  const ended = await tx
    .updateTable('intents')
    .set({
      status: failure === undefined ? 'done' : 'failed',
      reason: failure === undefined ? null : failure.slice(0, 1000),
      request: '',
      updated_ms: nowMs,
    })
    .where('id', '=', intent.id)
    .where('status', 'in', ['pending', 'submitting', 'submitted'])
    .returning('id')
    .executeTakeFirst()
  if (ended === undefined) return
  await endPortIntent(tx, { nowMs }, { intent, isFailed: failure !== undefined })
  if (intent.server_id === null) return
  if (intent.kind === 'resize' && failure !== undefined) await undoResize(tx, intent.server_id)
  await tx
    .updateTable('servers')
    .set({ task: null, task_intent_id: null, updated_ms: nowMs })
    .where('id', '=', intent.server_id)
    .where('task_intent_id', '=', intent.id)
    .execute()
}
