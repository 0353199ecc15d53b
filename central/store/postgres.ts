import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database } from './schema.js'
import type { OpenedEngine } from './store.js'

/** `serialization_failure`, `deadlock_detected` (PostgreSQL, appendix A). */
const conflicts: ReadonlySet<unknown> = new Set(['40001', '40P01'])

/** int8: numbers of ours stay below 2^53. */
const int8 = 20

/** Opens a pool of connections; the first query connects. */
export function openPostgres({
  url,
  connectionCount,
}: {
  readonly url: string
  readonly connectionCount: number
}): OpenedEngine {
  const types: pg.CustomTypesConfig = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === int8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: connectionCount,
    connectionTimeoutMillis: 10_000,
    types,
  })
  // An idle connection that ends is replaced at the next query, which tells what is wrong if anything is.
  pool.on('error', () => {})
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  return {
    engine: 'postgres',
    read: db,
    write: db,
    isConflict: (error) =>
      error instanceof Error && 'code' in error && conflicts.has((error as { code: unknown }).code),
  }
}
