import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database } from './schema.js'
import type { OpenedEngine } from './store.js'

/** `serialization_failure`, `deadlock_detected` (PostgreSQL, appendix A). */
const conflicts: ReadonlySet<string | undefined> = new Set(['40001', '40P01'])

/**
 * Classes of errors that say nothing about the change: connection, resources (a full disk too), an operator who ended it, the
 * system (PostgreSQL, appendix A).
 */
const passing: ReadonlySet<string> = new Set(['08', '53', '57', '58'])

/** What `pg` says without a code when the connection went. */
const lost =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/

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
    isConflict: (error) => conflicts.has(codeOf(error)),
    isTransient: (error) => {
      const code = codeOf(error)
      if (code === undefined) return error instanceof Error && lost.test(error.message)
      // The system's (ECONNREFUSED, ENOENT of a socket), or five characters, an SQLSTATE.
      return /^E[A-Z]+$/.test(code) || passing.has(code.slice(0, 2))
    },
  }
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
