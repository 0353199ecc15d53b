import { sql } from 'kysely'
import t from 'tap'
import { parseIpv4 } from '#addr/ipv4.js'
import { defaultCentralConfig } from '#central/config/central-config.js'
import {
  createPool,
  growPool,
  type Owner,
  type PoolValue,
  releaseValues,
  reserveValues,
  takeAny,
  takeValue,
} from '#central/network/pool.js'
import { addressesOf } from '#central/network/pool-values.js'
import type { Change, Store } from '#central/store/store.js'
import { onEachEngine } from '../../support/stores.js'

const { network } = defaultCentralConfig()
const quarantineMs = network.quarantine.ms
const nowMs = 1_700_000_000_000

function values(count: number): readonly string[] {
  const start = parseIpv4('192.0.2.1')
  const end = parseIpv4(`192.0.2.${count}`)
  if (start === undefined || end === undefined) throw new Error('no addresses')
  return [...addressesOf([{ start, end }])]
}

function poolOf(store: Store, count: number): Promise<number> {
  const pool = { kind: 'ipv4', subnet_id: null, base: '192.0.2.0/24' } as const
  return store.write((tx) => createPool(tx, pool, values(count)))
}

function port(id: number): Owner {
  return { kind: 'port', id }
}

/** Looks first and takes then: what a take must not be. */
async function brokenTake(
  tx: Change,
  { poolIds, owner }: { readonly poolIds: readonly number[]; readonly owner: Owner },
): Promise<PoolValue | undefined> {
  const free = await tx
    .selectFrom('pool_values')
    .selectAll()
    .where('pool_id', 'in', poolIds)
    .where('owner_kind', 'is', null)
    .orderBy('ordinal')
    .executeTakeFirst()
  if (free === undefined) return undefined
  const taken = { owner_kind: owner.kind, owner_id: owner.id }
  await tx.updateTable('pool_values').set(taken).where('id', '=', free.id).execute()
  return free
}

/** Every value that 64 changes at the same time took. */
function takeAtOnce(
  store: Store,
  take: (tx: Change, owner: Owner) => Promise<PoolValue | undefined>,
): Promise<readonly (string | undefined)[]> {
  const changes = Array.from({ length: 64 }, (_, index) =>
    store.write(async (tx) => (await take(tx, port(index + 1)))?.value),
  )
  return Promise.all(changes)
}

await onEachEngine(t, async (t, open) => {
  await t.test('64 changes at the same time get 64 different values', async (t) => {
    const store = await open(t)
    const poolIds = [await poolOf(store, 100)]
    const deps = { engine: store.engine, nowMs, network }
    const taken = await takeAtOnce(store, (tx, owner) => takeAny(tx, deps, { poolIds, owner }))
    t.notOk(taken.includes(undefined), 'everybody got one')
    t.equal(new Set(taken).size, 64)
    const owned = await store.read
      .selectFrom('pool_values')
      .select(['value', 'owner_id'])
      .where('owner_kind', '=', 'port')
      .execute()
    t.strictSame(
      new Map(owned.map(({ owner_id: owner, value }) => [owner, value])),
      new Map(taken.map((value, index) => [index + 1, value])),
      'and the rows say the same',
    )
  })

  await t.test('64 changes at the same time share out the 40 values that there are', async (t) => {
    const store = await open(t)
    const poolIds = [await poolOf(store, 40)]
    const deps = { engine: store.engine, nowMs, network }
    const taken = await takeAtOnce(store, (tx, owner) => takeAny(tx, deps, { poolIds, owner }))
    const given = taken.filter((value) => value !== undefined)
    t.equal(new Set(given).size, given.length, 'none twice')
    const rest = await store.write((tx) => takeAny(tx, deps, { poolIds, owner: port(99) }))
    t.ok(given.length === 40 ? rest === undefined : rest !== undefined, 'none was lost')
  })

  await t.test('64 changes that want the same value: one gets it', async (t) => {
    const store = await open(t)
    const poolIds = [await poolOf(store, 10)]
    const deps = { nowMs, network }
    const taken = await takeAtOnce(store, (tx, owner) =>
      takeValue(tx, deps, { poolIds, owner, value: '192.0.2.7' }),
    )
    t.strictSame(
      taken.filter((value) => value !== undefined),
      ['192.0.2.7'],
    )
  })

  await t.test(
    'what was given back rests, then those that rested longest come first',
    async (t) => {
      const store = await open(t)
      const poolIds = [await poolOf(store, 3)]
      const take = (atMs: number, id: number) =>
        store.write((tx) => {
          const deps = { engine: store.engine, nowMs: atMs, network }
          return takeAny(tx, deps, { poolIds, owner: port(id) })
        })
      for (const id of [1, 2, 3]) t.equal((await take(nowMs, id))?.value, `192.0.2.${id}`)
      await store.write((tx) => releaseValues(tx, { nowMs: nowMs + 5 }, port(1)))
      await store.write((tx) => releaseValues(tx, { nowMs: nowMs + 1 }, port(2)))
      t.equal(await take(nowMs + quarantineMs, 4), undefined, 'both are in quarantine')
      const deps = { nowMs: nowMs + 6, network }
      const again = { poolIds, owner: port(5), value: '192.0.2.1' }
      t.equal(await store.write((tx) => takeValue(tx, deps, again)), undefined, 'also by name')
      const told = await store.write((tx) => takeValue(tx, deps, { ...again, isTold: true }))
      t.equal(told?.value, '192.0.2.1', 'but what Ganeti says is so')
      await store.write((tx) => releaseValues(tx, { nowMs: nowMs + 7 }, port(5)))
      const later = nowMs + quarantineMs + 10
      t.equal((await take(later, 6))?.value, '192.0.2.2')
      t.equal((await take(later, 7))?.value, '192.0.2.1')
    },
  )

  await t.test(
    'what an admin reserved is not given, also not when its owner is gone',
    async (t) => {
      const store = await open(t)
      const poolIds = [await poolOf(store, 3)]
      const deps = { engine: store.engine, nowMs, network }
      const take = (id: number) =>
        store.write(async (tx) => (await takeAny(tx, deps, { poolIds, owner: port(id) }))?.value)
      t.equal(await take(1), '192.0.2.1')
      const reserved = ['192.0.2.1', '192.0.2.2']
      await store.write((tx) => reserveValues(tx, { poolIds, values: reserved, isReserved: true }))
      await store.write((tx) => releaseValues(tx, { nowMs: 1 }, port(1)))
      t.strictSame([await take(2), await take(3)], ['192.0.2.3', undefined])
      await store.write((tx) => reserveValues(tx, { poolIds, values: reserved, isReserved: false }))
      t.strictSame([await take(4), await take(5)], ['192.0.2.2', '192.0.2.1'])
    },
  )

  await t.test('a pool that grows keeps what was taken of it', async (t) => {
    const store = await open(t)
    const poolId = await poolOf(store, 8) // Synnefo's bitmap lost everything at multiples of 8
    const deps = { engine: store.engine, nowMs, network }
    const take = (id: number) =>
      store.write((tx) => takeAny(tx, deps, { poolIds: [poolId], owner: port(id) }))
    for (const id of [1, 2, 3, 4, 5, 6, 7, 8]) await take(id)
    await store.write((tx) => growPool(tx, poolId, values(16)))
    t.equal((await take(9))?.value, '192.0.2.9')
    const pool = await store.read.selectFrom('pools').selectAll().executeTakeFirst()
    t.equal(pool?.size, 16)
  })

  if (t.name === 'PostgreSQL') {
    await t.test(
      'a take that looks first would give values twice, and this test sees it',
      async (t) => {
        const store = await open(t)
        const poolIds = [await poolOf(store, 100)]
        const taken = await takeAtOnce(store, async (tx, owner) => {
          const value = await brokenTake(tx, { poolIds, owner })
          await sql`select pg_sleep(0.05)`.execute(tx) // so that the next has looked before this commits
          return value
        })
        t.not(new Set(taken).size, 64)
      },
    )
  }
})
