import { type Insertable, sql, type Transaction } from 'kysely'
import type { Engine } from './columns.js'
import type { Database } from './schema.js'
import type { EventTable } from './tables/traffic.js'

/** Events of changes that are under way; they go with their transaction, whatever becomes of it. */
const waiting = new WeakMap<Transaction<Database>, Insertable<EventTable>[]>()

/** Any number: the lock that gives events their numbers. */
const eventLock = 0x6f6b_6561

/** Most rows of one statement; SQLite takes 32,766 values in one. */
const rowCount = 1000

/** Adds an event to a change; it is written as the last thing before its commit. */
export function addEvent(tx: Transaction<Database>, event: Insertable<EventTable>): void {
  const known = waiting.get(tx)
  if (known === undefined) waiting.set(tx, [event])
  else known.push(event)
}

/**
 * Writes the events of a change that has been done.
 *
 * Whoever follows the events asks for those after the last number that it saw. So a higher number must never be seen before a
 * lower one: in PostgreSQL changes that bear events commit one after the other, from here to their end; they wait for
 * nothing else then, so none can stand in another's way.
 */
export async function finish(tx: Transaction<Database>, engine: Engine): Promise<void> {
  const events = waiting.get(tx)
  if (events === undefined) return
  waiting.delete(tx)
  if (engine === 'postgres') await sql`select pg_advisory_xact_lock(${eventLock})`.execute(tx)
  for (let from = 0; from < events.length; from += rowCount) {
    await tx
      .insertInto('events')
      .values(events.slice(from, from + rowCount))
      .execute()
  }
}
