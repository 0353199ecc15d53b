import type { Change } from '#central/store/store.js'
import { recordServerChange } from '#central/update/server-event.js'
import { endIntent, type IntentRow } from './end-intent.js'

/** Ends an intent that no message ends, and tells whoever follows its server that its task is over. */
export async function endAlone(
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
  const before = await serverOf(tx, intent)
  await endIntent(tx, { nowMs, intent, failure })
  const after = await serverOf(tx, intent)
  if (before !== undefined && after !== undefined) {
    await recordServerChange(tx, { before, after, hasOtherPorts: false, nowMs })
  }
}

async function serverOf(tx: Change, intent: IntentRow) {
  if (intent.server_id === null) return undefined
  return await tx
    .selectFrom('servers')
    .selectAll()
    .where('id', '=', intent.server_id)
    .executeTakeFirst()
}
