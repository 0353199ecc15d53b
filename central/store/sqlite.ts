import Sqlite from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { AgentError } from '#errors.js'
import type { Database } from './schema.js'
import type { OpenedEngine } from './store.js'

/**
 * Opens a file, or `:memory:`, by two connections: one that changes it, one that reads beside it (write-ahead log). A commit is on
 * the disk when it returns (`synchronous = FULL`): what was acknowledged to the broker may not be lost with the power.
 */
export function openSqlite(file: string): OpenedEngine {
  try {
    const write = connect(file)
    const read = file === ':memory:' ? write : connect(file, { isReader: true })
    return { engine: 'sqlite', read, write, isConflict: () => false, isTransient }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new AgentError('STORE_UNUSABLE', `cannot open the store ${file}: ${why}`, { cause })
  }
}

/** Another process has it, or the disk is full, away or broken: nothing that another change would help. */
function isTransient(error: unknown): boolean {
  return (
    error instanceof Sqlite.SqliteError &&
    /^SQLITE_(?:BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|NOMEM|PROTOCOL)/.test(error.code)
  )
}

function connect(file: string, { isReader = false } = {}): Kysely<Database> {
  const database = new Sqlite(file, { timeout: 10_000 })
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  if (isReader) database.pragma('query_only = ON')
  return new Kysely<Database>({ dialect: new SqliteDialect({ database }) })
}
