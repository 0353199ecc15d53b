import type { Change } from '#central/store/store.js'

/** Takes a resize back in the rows, when Ganeti did not do it. */
export async function undoResize(tx: Change, serverId: number): Promise<void> {
  await tx
    .updateTable('servers')
    .set(({ ref }) => ({ flavor_id: ref('old_flavor_id').$notNull(), old_flavor_id: null }))
    .where('id', '=', serverId)
    .where('old_flavor_id', 'is not', null)
    .execute()
}
