import type { Kysely, Transaction } from 'kysely'
import { finish } from './before-commit.js'
import type { Engine } from './columns.js'
import { migrate } from './migrations.js'
import { openPostgres } from './postgres.js'
import type { Database } from './schema.js'
import { openSqlite } from './sqlite.js'

/** A change under way. What was locked stays so to its end. */
export type Change = Transaction<Database>

/** Where everything is kept. */
export interface Store extends AsyncDisposable {
  readonly engine: Engine
  /** For reading: never waits for a change, never sees half of one. */
  readonly read: Kysely<Database>
  /**
   * Runs one change as a transaction. Changes may run side by side in PostgreSQL, one after the other in SQLite: lock rows
   * that are read to be changed (`lock`). When the engine says that two changes stood in each other's way, it is run again.
   */
  write<T>(change: (tx: Change) => Promise<T>): Promise<T>
  /** Whether what failed may go by itself: the database is away, full or overtaxed. Else the change is at fault. */
  readonly isTransient: (error: unknown) => boolean
  close(): Promise<void>
}

/** Where a store is: `sqlite:/var/lib/okeanid/central.db`, `sqlite::memory:`, `postgres://user:password@host/name`. */
export interface StoreOptions {
  readonly url: string
  /** Most connections to PostgreSQL. */
  readonly connectionCount?: number
}

/** An engine with its two ways in. */
export interface OpenedEngine {
  readonly engine: Engine
  readonly read: Kysely<Database>
  readonly write: Kysely<Database>
  /** Whether a transaction failed only because of another one. */
  readonly isConflict: (error: unknown) => boolean
  readonly isTransient: (error: unknown) => boolean
}

const attemptCount = 10

/**
 * Opens a store and brings it to this version.
 * @throws AgentError STORE_UNUSABLE when it cannot be reached, or is of a newer version
 */
export async function openStore({ url, connectionCount = 10 }: StoreOptions): Promise<Store> {
  const opened = url.startsWith('sqlite:')
    ? openSqlite(url.slice('sqlite:'.length))
    : openPostgres({ url, connectionCount })
  const { engine, read, write, isConflict, isTransient } = opened
  async function close(): Promise<void> {
    if (read !== write) await read.destroy()
    await write.destroy()
  }
  try {
    await migrate(write as unknown as Kysely<unknown>, engine)
  } catch (error) {
    await close()
    throw error
  }
  return {
    engine,
    read,
    async write(change) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await write.transaction().execute(async (tx) => {
            const result = await change(tx)
            await finish(tx, engine)
            return result
          })
        } catch (error) {
          if (attempt === attemptCount || !isConflict(error)) throw error
        }
      }
    },
    isTransient: (error) => isConflict(error) || isTransient(error),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** `FOR UPDATE` where there is such a thing: in SQLite a change is alone anyway. */
export function lock<T extends { forUpdate(): T }>(query: T, { engine }: Pick<Store, 'engine'>): T {
  return engine === 'postgres' ? query.forUpdate() : query
}
