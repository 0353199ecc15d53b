import type { Row } from '#central/store/schema.js'
import { messageOf } from './dead-letters.js'
import { takeMessages } from './take-messages.js'
import type { UpdateDeps } from './update-deps.js'

/** What became of a dead letter that was tried again. */
export interface Replayed {
  readonly id: number
  /** Why it is still dead; undefined when it was taken and is gone. */
  readonly reason: string | undefined
}

/** Which dead letters are meant: these, or all. */
export type DeadLetterChoice = readonly number[] | 'all'

/** Most that are listed or held at once. */
const pageCount = 200

/** Dead letters, oldest first. @param after number after which to go on */
export async function listDeadLetters(
  { store }: Pick<UpdateDeps, 'store'>,
  { after = 0, limit = pageCount }: { readonly after?: number; readonly limit?: number } = {},
): Promise<readonly Row<'dead_letters'>[]> {
  return await store.read
    .selectFrom('dead_letters')
    .selectAll()
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** One of them, or undefined. */
export async function findDeadLetter(
  { store }: Pick<UpdateDeps, 'store'>,
  id: number,
): Promise<Row<'dead_letters'> | undefined> {
  return await store.read
    .selectFrom('dead_letters')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
}

/**
 * Takes dead letters as if they came now: each in a transaction of its own, in which it is gone when it was taken. However old it
 * is, it changes nothing that newer messages have told.
 */
export async function* replayDeadLetters(
  deps: UpdateDeps,
  choice: DeadLetterChoice,
): AsyncGenerator<Replayed> {
  for await (const row of chosen(deps, choice)) {
    const reason = await replay(deps, row)
    if (reason !== undefined) await stillDead(deps, { id: row.id, reason })
    yield { id: row.id, reason }
  }
}

/** Forgets dead letters. @returns how many */
export async function purgeDeadLetters(
  { store }: Pick<UpdateDeps, 'store'>,
  choice: DeadLetterChoice,
): Promise<number> {
  if (choice !== 'all' && choice.length === 0) return 0
  return await store.write(async (tx) => {
    const query = tx.deleteFrom('dead_letters')
    const { numDeletedRows } = await (choice === 'all'
      ? query
      : query.where('id', 'in', choice)
    ).executeTakeFirst()
    return Number(numDeletedRows)
  })
}

/** Those that were there at the beginning: what dies again meanwhile is not tried for ever. */
async function* chosen(
  deps: UpdateDeps,
  choice: DeadLetterChoice,
): AsyncGenerator<Row<'dead_letters'>> {
  if (choice !== 'all') {
    for (const id of choice) {
      const row = await findDeadLetter(deps, id)
      if (row !== undefined) yield row
    }
    return
  }
  let after = 0
  for (;;) {
    const rows = await listDeadLetters(deps, { after })
    yield* rows
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.id
  }
}

/** @returns why it cannot be taken; undefined when it was */
async function replay(deps: UpdateDeps, row: Row<'dead_letters'>): Promise<string | undefined> {
  const message = messageOf(row)
  try {
    return await deps.store.write(async (tx) => {
      const { dead } = await takeMessages(tx, deps, [message])
      if (dead > 0) throw new StillDead()
      await tx.deleteFrom('dead_letters').where('id', '=', row.id).execute()
      return undefined
    })
  } catch (error) {
    if (error instanceof StillDead) return row.reason
    if (deps.store.isTransient(error)) throw error
    return error instanceof Error ? error.message : String(error)
  }
}

/** Rolls back what wrote it down as a new one. */
class StillDead extends Error {}

async function stillDead(
  { store }: UpdateDeps,
  { id, reason }: { readonly id: number; readonly reason: string },
): Promise<void> {
  await store.write((tx) =>
    tx
      .updateTable('dead_letters')
      .set((one) => ({ reason: reason.slice(0, 1000), attempts: one('attempts', '+', 1) }))
      .where('id', '=', id)
      .execute(),
  )
}
