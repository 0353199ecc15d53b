import { recordEvent } from '#central/events/record-event.js'
import { serverStatus } from '#central/state/status.js'
import type { Change } from '#central/store/store.js'
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
  await endIntent(tx, { nowMs, intent, failure })
  if (intent.server_id === null) return
  const server = await tx
    .selectFrom('servers')
    .selectAll()
    .where('id', '=', intent.server_id)
    .executeTakeFirst()
  if (server === undefined) return
  const { status, taskState, vmState, powerState } = serverStatus(server)
  await recordEvent(tx, {
    projectId: server.project_id,
    serverId: server.id,
    kind: 'server.update',
    body: {
      id: String(server.id),
      name: server.name,
      status,
      task_state: taskState,
      vm_state: vmState,
      power_state: powerState,
      progress: server.progress,
      flavor: server.flavor_id,
      fault: failure ?? null,
    },
    nowMs,
  })
}
