import type { Stamp } from '#central/stamp.js'
import type { Change } from '#central/store/store.js'
import { addressPools } from './pools.js'

/**
 * Notes which addresses of a network an administrator has reserved at Ganeti, and which no longer. Of two reports about one address
 * the later one counts, in whatever order they come; who has an address keeps it.
 */
export async function tellReserved(
  tx: Change,
  networkId: number,
  {
    addReserved,
    removeReserved,
    stamp,
  }: {
    readonly addReserved: readonly string[]
    readonly removeReserved: readonly string[]
    readonly stamp: Stamp
  },
): Promise<void> {
  if (addReserved.length + removeReserved.length === 0) return
  const poolIds = await addressPools(tx, networkId)
  if (poolIds.length === 0) return
  for (const [values, isReserved] of [
    [addReserved, 1],
    [removeReserved, 0],
  ] as const) {
    if (values.length === 0) continue
    await tx
      .updateTable('pool_values')
      .set({ is_reserved: isReserved, reserved_stamp: stamp })
      .where('pool_id', 'in', poolIds)
      .where('value', 'in', values)
      .where('reserved_stamp', '<', stamp)
      .execute()
  }
}
