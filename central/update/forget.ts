import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Store } from '#central/store/store.js'

/** What is forgotten after a while, by the column that says since when it is there. */
const forgotten = [
  ['events', 'id', 'created_ms'],
  ['seen_messages', 'message_id', 'seen_ms'],
] as const

/** Rows of one transaction, so that nobody waits long. */
const rowCount = 2000

/** Deletes events and ids of messages that are older than that. @returns how many rows */
export async function forgetOld(
  store: Store,
  { beforeMs }: { readonly beforeMs: Readonly<Record<'events' | 'seen_messages', number>> },
): Promise<number> {
  let total = 0
  for (const [table, key, since] of forgotten) {
    for (;;) {
      const count = await store.write(async (tx) => {
        const old = sql`select ${sql.id(key)} from ${sql.table(table)} where ${sql.id(since)} < ${beforeMs[table]} limit ${sql.lit(rowCount)}`
        const { numAffectedRows = 0n } =
          await sql`delete from ${sql.table(table)} where ${sql.id(key)} in (${old})`.execute(tx)
        return Number(numAffectedRows)
      })
      total += count
      if (count < rowCount) break
    }
  }
  return total
}

/** Forgets at once and then every `everyMs`, until the signal aborts. */
export async function runForgetting({
  store,
  nowMs,
  everyMs,
  keepMs,
  signal,
  onFailure,
}: {
  readonly store: Store
  readonly nowMs: () => number
  readonly everyMs: number
  readonly keepMs: Readonly<Record<'events' | 'seen_messages', number>>
  readonly signal: AbortSignal
  /** Called when it failed: it is tried again the next time. */
  readonly onFailure: (error: unknown) => void
}): Promise<void> {
  while (!signal.aborted) {
    const now = nowMs()
    const beforeMs = {
      events: now - keepMs.events,
      seen_messages: now - keepMs.seen_messages,
    }
    try {
      await forgetOld(store, { beforeMs })
    } catch (error) {
      onFailure(error)
    }
    await delay(everyMs, undefined, { signal }).catch(() => undefined)
  }
}
