import { sql } from 'kysely'
import { AgentError } from '#errors.js'
import type { Database } from './schema.js'
import type { Change, Store } from './store.js'

/**
 * What a backup holds, in the order in which it is restored: all but what ends by itself (tokens, consoles, messages that were seen)
 * and the events of the past.
 */
const tables = [
  ...['backends', 'projects', 'users', 'role_assignments', 'flavors', 'images', 'keypairs'],
  ...['quotas', 'servers', 'server_metadata', 'diagnostics', 'guest_leases', 'networks'],
  ...['backend_networks', 'subnets', 'pools', 'pool_values', 'ports', 'addresses'],
  ...['floating_ips', 'intents', 'one_time_parameters', 'dead_letters', 'looks'],
] as readonly (keyof Database)[]

/** First line of a backup. */
const header = { okeanid: 'central backup', version: 1 } as const

/** Rows of one statement; SQLite takes 32,766 values in one. */
const rowCount = 400

/**
 * Writes a store as lines of JSON, as of one moment: `{"table": .., "row": {..}}`. Either engine reads what the other wrote. What is
 * sealed stays so: the key is not in it.
 */
export async function dumpStore(
  store: Pick<Store, 'engine' | 'write'>,
  write: (line: string) => Promise<void> | void,
): Promise<void> {
  await store.write(async (tx) => {
    // Of one moment: what the first statement sees, all see.
    if (store.engine === 'postgres') {
      await sql`set transaction isolation level repeatable read`.execute(tx)
    }
    await write(JSON.stringify(header))
    for (const table of tables) {
      for (const row of await tx.selectFrom(table).selectAll().execute()) {
        await write(JSON.stringify({ table, row }))
      }
    }
  })
}

/**
 * Reads a backup into a store that is empty, all of it or nothing.
 * @returns how many rows
 * @throws AgentError USAGE when the store has servers, users or clusters, or the lines are no backup
 */
export async function loadDump(
  store: Pick<Store, 'engine' | 'write'>,
  lines: AsyncIterable<string>,
): Promise<number> {
  return await store.write(async (tx) => {
    await requireEmpty(tx)
    let isFirst = true
    let total = 0
    let batch: Batch = { table: undefined, rows: [] }
    for await (const line of lines) {
      if (line.trim() === '') continue
      const value: unknown = parse(line)
      if (isFirst) {
        requireHeader(value)
        isFirst = false
        continue
      }
      const { table, row } = requireRow(value)
      if (table !== batch.table || batch.rows.length === rowCount) {
        await insert(tx, batch)
        batch = { table, rows: [] }
      }
      batch.rows.push(row)
      total += 1
    }
    if (isFirst) throw notABackup('it is empty')
    await insert(tx, batch)
    if (store.engine === 'postgres') await raiseSequences(tx)
    return total
  })
}

interface Batch {
  readonly table: keyof Database | undefined
  readonly rows: object[]
}

async function requireEmpty(tx: Change): Promise<void> {
  for (const table of ['servers', 'users', 'backends'] as const) {
    const row = await tx.selectFrom(table).select('id').limit(1).executeTakeFirst()
    if (row !== undefined) {
      throw new AgentError(
        'USAGE',
        `the store is not empty, it has ${table}: restore into a new one`,
      )
    }
  }
  // Made with the store itself; the backup has its own.
  for (const table of ['pool_values', 'pools'] as const) await tx.deleteFrom(table).execute()
}

async function insert(tx: Change, { table, rows }: Batch): Promise<void> {
  if (table === undefined || rows.length === 0) return
  await tx
    .insertInto(table)
    .values(rows as never)
    .execute()
}

/** Numbers that were given with their rows are not known to the sequences that give the next ones. */
async function raiseSequences(tx: Change): Promise<void> {
  for (const table of tables) {
    const { rows } = await sql<{ readonly name: string | null }>`
      select pg_get_serial_sequence(${table}, 'id') as name
      where exists (
        select 1 from information_schema.columns where table_name = ${table} and column_name = 'id'
      )`.execute(tx)
    const name = rows[0]?.name
    if (name == null) continue
    await sql`select setval(${name}::regclass, coalesce((select max(id) from ${sql.table(table)}), 0) + 1, false)`.execute(
      tx,
    )
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw notABackup('a line is no JSON', cause)
  }
}

function requireHeader(value: unknown): void {
  const { okeanid, version } = (value ?? {}) as { okeanid?: unknown; version?: unknown }
  if (okeanid !== header.okeanid) throw notABackup('its first line is another')
  if (version !== header.version) throw notABackup(`it is of version ${version}`)
}

function requireRow(value: unknown): { readonly table: keyof Database; readonly row: object } {
  const { table, row } = (value ?? {}) as { table?: unknown; row?: unknown }
  const known = tables.find((one) => one === table)
  if (known === undefined || typeof row !== 'object' || row === null) {
    throw notABackup(`there is no table ${table}`)
  }
  return { table: known, row }
}

function notABackup(why: string, cause?: unknown): AgentError {
  return new AgentError('USAGE', `this is no backup of this version: ${why}`, { cause })
}
