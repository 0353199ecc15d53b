import type { Kysely } from 'kysely'
import type { Database } from '#central/store/schema.js'
import type { Change } from '#central/store/store.js'

/** Notes on a server. */
export type Metadata = Readonly<Record<string, string>>

/** A server's notes, by key. */
export async function metadataOf(db: Kysely<Database>, serverId: number): Promise<Metadata> {
  const rows = await db
    .selectFrom('server_metadata')
    .select(['key', 'value'])
    .where('server_id', '=', serverId)
    .orderBy('key')
    .execute()
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
}

/** Adds notes, over those of the same keys. */
export async function putMetadata(
  tx: Change,
  { serverId, metadata }: { readonly serverId: number; readonly metadata: Metadata },
): Promise<void> {
  for (const [key, value] of Object.entries(metadata)) {
    await tx
      .insertInto('server_metadata')
      .values({ server_id: serverId, key, value })
      .onConflict((conflict) => conflict.columns(['server_id', 'key']).doUpdateSet({ value }))
      .execute()
  }
}

/** Removes notes: that of a key, or all. @returns how many there were */
export async function removeMetadata(
  tx: Change,
  { serverId, key }: { readonly serverId: number; readonly key?: string },
): Promise<number> {
  const query = tx.deleteFrom('server_metadata').where('server_id', '=', serverId)
  const { numDeletedRows } = await (key === undefined
    ? query
    : query.where('key', '=', key)
  ).executeTakeFirst()
  return Number(numDeletedRows)
}
