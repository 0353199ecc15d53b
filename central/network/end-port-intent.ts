import type { Change } from '#central/store/store.js'
import type { IntentTable } from '#central/store/tables/traffic.js'
import { leaveServer } from './port-rows.js'

/**
 * What a job about a single port leaves when it ended: a NIC that could not be made takes its port with it, and one that could not
 * be removed stays. What succeeded is told by the list of NICs.
 */
export async function endPortIntent(
  tx: Change,
  { nowMs }: { readonly nowMs: number },
  {
    intent,
    isFailed,
  }: {
    readonly intent: Pick<IntentTable, 'kind' | 'port_id'>
    readonly isFailed: boolean
  },
): Promise<void> {
  if (!isFailed || intent.port_id === null) return
  const port = await tx
    .selectFrom('ports')
    .select(['id', 'is_kept', 'state'])
    .where('id', '=', intent.port_id)
    .executeTakeFirst()
  if (port === undefined) return
  if (intent.kind === 'connect' && port.state === 'BUILD') await leaveServer(tx, { nowMs }, port)
  if (intent.kind !== 'disconnect') return
  await tx
    .updateTable('ports')
    .set({ is_leaving: 0, updated_ms: nowMs })
    .where('id', '=', port.id)
    .execute()
}
