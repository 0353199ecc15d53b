import { type Selectable, sql } from 'kysely'
import type { Change } from '#central/store/store.js'
import type { PoolTable, PoolValueTable } from '#central/store/tables/network.js'
import type { NetworkDeps } from './network-deps.js'

/** A value of a pool, as it stands. */
export type PoolValue = Selectable<PoolValueTable>

/** Who has a value. */
export interface Owner {
  readonly kind: NonNullable<PoolValueTable['owner_kind']>
  readonly id: number
}

/** Rows of one INSERT: SQLite takes 32,766 parameters, PostgreSQL 65,535. */
const chunkRows = 1000

/**
 * Takes the value that was free for longest, and of those that nobody has had the first.
 *
 * One statement, so that no two may get the same: in PostgreSQL a row that another change is taking is passed over, not waited for.
 * @returns undefined when all are taken, reserved or in quarantine
 */
export async function takeAny(
  tx: Change,
  { engine, nowMs, network }: Pick<NetworkDeps, 'engine' | 'nowMs' | 'network'>,
  { poolIds, owner }: { readonly poolIds: readonly number[]; readonly owner: Owner },
): Promise<PoolValue | undefined> {
  if (poolIds.length === 0) return undefined
  const free = tx
    .selectFrom('pool_values')
    .select('id')
    .where('pool_id', 'in', poolIds)
    .where('owner_kind', 'is', null)
    .where('is_reserved', '=', 0)
    .where(isRested(nowMs, network.quarantine.ms))
    .orderBy('free_ms')
    .orderBy('ordinal')
    .orderBy('id')
    .limit(1)
  return await tx
    .updateTable('pool_values')
    .set({ owner_kind: owner.kind, owner_id: owner.id })
    .where('id', '=', engine === 'postgres' ? free.forUpdate().skipLocked() : free)
    .where('owner_kind', 'is', null)
    .returningAll()
    .executeTakeFirst()
}

/**
 * Takes this value.
 * @param isTold whether Ganeti says that it is in use: then neither quarantine nor reservation stands in the way
 * @returns undefined when it is in none of these pools, or cannot be had
 */
export async function takeValue(
  tx: Change,
  { nowMs, network }: Pick<NetworkDeps, 'nowMs' | 'network'>,
  {
    poolIds,
    owner,
    value,
    isTold = false,
  }: {
    readonly poolIds: readonly number[]
    readonly owner: Owner
    readonly value: string
    readonly isTold?: boolean
  },
): Promise<PoolValue | undefined> {
  if (poolIds.length === 0) return undefined
  const taking = tx
    .updateTable('pool_values')
    .set({ owner_kind: owner.kind, owner_id: owner.id })
    .where('pool_id', 'in', poolIds)
    .where('value', '=', value)
    .where('owner_kind', 'is', null)
    .returningAll()
  const careful = taking.where('is_reserved', '=', 0).where(isRested(nowMs, network.quarantine.ms))
  return await (isTold ? taking : careful).executeTakeFirst()
}

/** Hands a value on to another owner. */
export async function passValue(tx: Change, valueId: number, owner: Owner): Promise<void> {
  await tx
    .updateTable('pool_values')
    .set({ owner_kind: owner.kind, owner_id: owner.id })
    .where('id', '=', valueId)
    .execute()
}

/** Gives all back that somebody has; quarantine begins. */
export async function releaseValues(
  tx: Change,
  { nowMs }: { readonly nowMs: number },
  owner: Owner,
): Promise<void> {
  await tx
    .updateTable('pool_values')
    .set({ owner_kind: null, owner_id: null, free_ms: nowMs })
    .where('owner_kind', '=', owner.kind)
    .where('owner_id', '=', owner.id)
    .execute()
}

/** Says which values are for an admin's own use, or are no longer. Who has one keeps it. */
export async function reserveValues(
  tx: Change,
  {
    poolIds,
    values,
    isReserved,
  }: {
    readonly poolIds: readonly number[]
    readonly values: readonly string[]
    readonly isReserved: boolean
  },
): Promise<void> {
  if (poolIds.length === 0 || values.length === 0) return
  await tx
    .updateTable('pool_values')
    .set({ is_reserved: isReserved ? 1 : 0 })
    .where('pool_id', 'in', poolIds)
    .where('value', 'in', values)
    .execute()
}

/** Makes a pool with a row for each of its values, in their order. */
export async function createPool(
  tx: Change,
  pool: Omit<Selectable<PoolTable>, 'id' | 'size'>,
  values: Iterable<string>,
): Promise<number> {
  const { id } = await tx
    .insertInto('pools')
    .values({ ...pool, size: 0 })
    .returning('id')
    .executeTakeFirstOrThrow()
  await growPool(tx, id, values)
  return id
}

/** Adds the values that a pool does not have yet; none is ever taken out. */
export async function growPool(
  tx: Change,
  poolId: number,
  values: Iterable<string>,
): Promise<void> {
  const rows = [...values].map((value, ordinal) => ({
    ...{ pool_id: poolId, ordinal, value },
    ...{ owner_kind: null, owner_id: null, free_ms: 0, is_reserved: 0 as const },
  }))
  for (let from = 0; from < rows.length; from += chunkRows) {
    await tx
      .insertInto('pool_values')
      .values(rows.slice(from, from + chunkRows))
      .onConflict((conflict) => conflict.columns(['pool_id', 'value']).doNothing())
      .execute()
  }
  await tx
    .updateTable('pools')
    .set((of) => ({
      size: of
        .selectFrom('pool_values')
        .select(of.fn.countAll<number>().as('count'))
        .where('pool_id', '=', poolId),
    }))
    .where('id', '=', poolId)
    .execute()
}

/** That a value was not given back too short a time ago. */
function isRested(nowMs: number, quarantineMs: number) {
  return sql<boolean>`(free_ms = 0 or free_ms <= ${nowMs - quarantineMs})`
}
