import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { ServerRow } from '#central/server/server-room.js'
import type { Engine } from '#central/store/columns.js'
import type { Database } from '#central/store/schema.js'
import type { Store } from '#central/store/store.js'
import type { Diagnostic, PortAddress, ServerParts } from './server-view.js'

/** What belongs to servers, in one query a table however many they are. */
export async function serverDetails(
  { read: db, engine }: Pick<Store, 'read' | 'engine'>,
  rows: readonly ServerRow[],
): Promise<readonly ServerParts[]> {
  if (rows.length === 0) return []
  const ids = idList(
    engine,
    rows.map(({ id }) => id),
  )
  const metadata = new Map<number, Record<string, string>>()
  for (const { server_id, key, value } of await metadataRows(db, ids)) {
    const known = metadata.get(server_id)
    if (known === undefined) metadata.set(server_id, { [key]: value })
    else known[key] = value
  }
  const ports = new Map<number, PortAddress[]>()
  for (const port of await portRows(db, ids)) {
    const known = ports.get(port.server_id ?? 0)
    if (known === undefined) ports.set(port.server_id ?? 0, [port])
    else known.push(port)
  }
  const diagnostics = new Map<number, Diagnostic>()
  for (const row of await newestDiagnostics(db, ids)) diagnostics.set(row.server_id, row)
  return rows.map((row) => ({
    row,
    metadata: metadata.get(row.id) ?? {},
    ports: ports.get(row.id) ?? [],
    diagnostic: diagnostics.get(row.id),
  }))
}

/** Ports of a server with their addresses; a port without an address is there once. */
export function portsOf(
  { read, engine }: Pick<Store, 'read' | 'engine'>,
  id: number,
): Promise<PortAddress[]> {
  return portRows(read, idList(engine, [id]))
}

/** As one value, however many: a thousand of them take longer to be written into a query than to be found. */
function idList(engine: Engine, ids: readonly number[]): RawBuilder<number> {
  return engine === 'postgres'
    ? sql`(select unnest(${[...ids]}::bigint[]))`
    : sql`(select value from json_each(${JSON.stringify(ids)}))`
}

function portRows(db: Kysely<Database>, ids: RawBuilder<number>): Promise<PortAddress[]> {
  return db
    .selectFrom('ports')
    .innerJoin('networks', 'networks.id', 'ports.network_id')
    .leftJoin('addresses', 'addresses.port_id', 'ports.id')
    .select(['ports.server_id', 'ports.id as port_id', 'ports.network_id', 'ports.mac'])
    .select(['ports.state', 'ports.firewall', 'networks.name as network_name'])
    .select(['addresses.address', 'addresses.ip_version', 'addresses.floating_ip_id'])
    .where('ports.server_id', 'in', ids)
    .orderBy('ports.id')
    .orderBy('addresses.id')
    .execute()
}

function metadataRows(db: Kysely<Database>, ids: RawBuilder<number>) {
  return db
    .selectFrom('server_metadata')
    .select(['server_id', 'key', 'value'])
    .where('server_id', 'in', ids)
    .orderBy('server_id')
    .orderBy('key')
    .execute()
}

function newestDiagnostics(db: Kysely<Database>, ids: RawBuilder<number>) {
  const newest = db
    .selectFrom('diagnostics')
    .select(({ fn }) => fn.max('id').as('id'))
    .where('server_id', 'in', ids)
    .groupBy('server_id')
  return db.selectFrom('diagnostics').selectAll().where('id', 'in', newest).execute()
}
