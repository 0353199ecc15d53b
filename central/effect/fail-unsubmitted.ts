import type { BackendRow } from './clients.js'
import type { EffectDeps } from './effect-deps.js'
import { endAlone } from './end-alone.js'
import type { IntentRow } from './end-intent.js'
import { simulatedMessage, wireTimeOf } from './simulated-message.js'

/**
 * Ends an intent that Ganeti never took. For a server that was to be made this is told as if its job had failed: nothing else ever
 * will be.
 */
export async function failUnsubmitted(
  { store, nowMs, takeMessages, wakeEvents, passed, log }: EffectDeps,
  {
    backend,
    intent,
    failure,
  }: {
    readonly backend: BackendRow
    readonly intent: IntentRow
    readonly failure: string
  },
): Promise<void> {
  const now = nowMs()
  log('warning', 'intent-failed', { intent: intent.id, kind: intent.kind, reason: failure })
  await store.write(async (tx) => {
    await endAlone(tx, { nowMs: now, intent, failure })
    if (intent.kind !== 'create-server' || intent.server_id === null) return
    const server = await tx
      .selectFrom('servers')
      .select('instance_name')
      .where('id', '=', intent.server_id)
      .executeTakeFirst()
    if (server === undefined) return
    const body = {
      type: 'ganeti-op-status',
      event_time: wireTimeOf(now * 1000),
      operation: 'OP_INSTANCE_CREATE',
      status: 'error',
      jobId: 0,
      op_index: 0,
      instance: server.instance_name,
      result: ['OpPrereqError', [failure, 'refused']],
    }
    const id = `refused.${intent.id}.${intent.created_ms}`
    await takeMessages(tx, [simulatedMessage(backend, { id, body })])
  })
  wakeEvents()
  passed('ended')
}
