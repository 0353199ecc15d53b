import { recordEvent } from '#central/events/record-event.js'
import { serverStatus } from '#central/state/status.js'
import type { Change } from '#central/store/store.js'
import type { JsonObject } from '#ganeti/json-value.js'
import type { ServerRow } from './sort-messages.js'

/** What a client is told of a server: its state, in the words of the compute API. */
export function serverEventBody(row: ServerRow): JsonObject {
  const { status, taskState, vmState, powerState } = serverStatus(row)
  return {
    id: String(row.id),
    name: row.name,
    status,
    task_state: taskState,
    vm_state: vmState,
    power_state: powerState,
    progress: row.progress,
    flavor: row.flavor_id,
    fault: row.fault_message,
  }
}

/**
 * Tells of a server that messages changed, if a client can see that they did. It is the state that is told, not each step to it:
 * of two changes in one transaction the last.
 */
export async function recordServerChange(
  tx: Change,
  {
    before,
    after,
    hasOtherPorts,
    nowMs,
  }: {
    readonly before: ServerRow
    readonly after: ServerRow
    /** Its NICs or addresses are others. */
    readonly hasOtherPorts: boolean
    readonly nowMs: number
  },
): Promise<void> {
  const body = serverEventBody(after)
  const isSame = JSON.stringify(body) === JSON.stringify(serverEventBody(before))
  if (isSame && !hasOtherPorts) return
  const isGone = before.deleted_ms === null && after.deleted_ms !== null
  await recordEvent(tx, {
    projectId: after.project_id,
    serverId: after.id,
    kind: isGone ? 'server.delete' : 'server.update',
    body,
    nowMs,
  })
}
