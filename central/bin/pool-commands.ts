import type { Command } from 'commander'
import { reserveValues } from '#central/network/pool.js'
import { limitsOf, usageOf } from '#central/server/quota.js'
import { AgentError } from '#errors.js'
import { type CentralOptions, configOption, jsonOption } from './command-options.js'
import { findProject, missing } from './find.js'
import { printDone, printRows } from './print.js'
import { type Room, withRoom } from './room.js'

/** `pool …` and `quota …` */
export function addPoolCommands(central: Command): void {
  const pool = central
    .command('pool')
    .description(
      'addresses, prefixes of hardware addresses, and bridges that nobody may have twice',
    )
  pool
    .command('list')
    .description('all pools, and how much of each is left')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: CentralOptions) => withRoom(options, (room) => listPools(room, options)))
  pool
    .command('show')
    .description('who has which values of a pool, and which rest or are reserved')
    .argument('<pool>', 'number')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((id: string, options: CentralOptions) =>
      withRoom(options, (room) => showPool(room, id, options)),
    )
  for (const isReserved of [true, false]) {
    pool
      .command(isReserved ? 'reserve' : 'unreserve')
      .description(isReserved ? 'keep values for something else' : 'let values be given again')
      .argument('<pool>', 'number')
      .argument('<values...>')
      .addOption(configOption())
      .action((id: string, values: readonly string[], options: CentralOptions) =>
        withRoom(options, async (room) => {
          const poolIds = [await poolId(room, id)]
          await requireValues(room, { id, values })
          await room.store.write((tx) => reserveValues(tx, { poolIds, values, isReserved }))
          const what = isReserved ? 'reserved' : 'free for anybody'
          printDone(`${values.join(', ')}: ${what}`, { id }, options)
        }),
      )
  }
  const quota = central.command('quota').description('what projects may have')
  quota
    .command('show')
    .description('what a project has and may have')
    .argument('<project>', 'name or id')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((project: string, options: CentralOptions) =>
      withRoom(options, (room) => showQuota(room, project, options)),
    )
  quota
    .command('set')
    .description(
      'say what a project may have: servers=20 ram=81920; -1 for no limit, default for the configured',
    )
    .argument('<project>', 'name or id')
    .argument('<resource=count...>')
    .addOption(configOption())
    .action((project: string, pairs: readonly string[], options: CentralOptions) =>
      withRoom(options, (room) => setQuota(room, { project, pairs }, options)),
    )
}

async function listPools({ store, nowMs, config }: Room, options: CentralOptions): Promise<void> {
  const restedMs = nowMs() - config.network.quarantine.ms
  const rows = await store.read
    .selectFrom('pools')
    .leftJoin('subnets', 'subnets.id', 'pools.subnet_id')
    .leftJoin('pool_values', 'pool_values.pool_id', 'pools.id')
    .select(['pools.id', 'pools.kind', 'pools.base', 'pools.size', 'subnets.network_id'])
    .select(({ fn, eb }) => [
      fn.count<number>('pool_values.owner_kind').as('used'),
      fn
        .sum<number | null>(eb.case().when('pool_values.is_reserved', '=', 1).then(1).else(0).end())
        .as('reserved'),
      fn
        .sum<number | null>(
          eb
            .case()
            .when(
              eb.and([
                eb('pool_values.owner_kind', 'is', null),
                eb('pool_values.free_ms', '>', restedMs),
              ]),
            )
            .then(1)
            .else(0)
            .end(),
        )
        .as('resting'),
    ])
    .groupBy(['pools.id', 'pools.kind', 'pools.base', 'pools.size', 'subnets.network_id'])
    .orderBy('pools.id')
    .execute()
  const shown = rows.map((row) => ({
    ...{ id: row.id, kind: row.kind, base: row.base, network: row.network_id },
    ...{ size: row.size, used: Number(row.used) },
    ...{ reserved: Number(row.reserved ?? 0), resting: Number(row.resting ?? 0) },
  }))
  const columns = ['id', 'kind', 'base', 'network', 'size', 'used', 'reserved', 'resting']
  printRows(shown, { ...options, columns, none: 'no pool' })
}

async function showPool(room: Room, id: string, options: CentralOptions): Promise<void> {
  const number = await poolId(room, id)
  const restedMs = room.nowMs() - room.config.network.quarantine.ms
  const rows = await room.store.read
    .selectFrom('pool_values')
    .selectAll()
    .where('pool_id', '=', number)
    .where((is) =>
      is.or([
        is('owner_kind', 'is not', null),
        is('is_reserved', '=', 1),
        is('free_ms', '>', restedMs),
      ]),
    )
    .orderBy('ordinal')
    .execute()
  const shown = rows.map((row) => ({
    value: row.value,
    owner: row.owner_kind === null ? null : `${row.owner_kind} ${row.owner_id}`,
    reserved: row.is_reserved === 1,
    rests_until:
      row.owner_kind === null && row.free_ms > restedMs
        ? new Date(row.free_ms + room.config.network.quarantine.ms).toISOString()
        : null,
  }))
  const columns = ['value', 'owner', 'reserved', 'rests_until']
  printRows(shown, { ...options, columns, none: 'all of it is free' })
}

async function poolId({ store }: Room, id: string): Promise<number> {
  const row = await store.read
    .selectFrom('pools')
    .select('id')
    .where('id', '=', /^\d{1,15}$/.test(id) ? Number(id) : 0)
    .executeTakeFirst()
  if (row === undefined) throw missing('pool', id)
  return row.id
}

async function requireValues(
  { store }: Room,
  { id, values }: { readonly id: string; readonly values: readonly string[] },
): Promise<void> {
  const rows = await store.read
    .selectFrom('pool_values')
    .select('value')
    .where('pool_id', '=', Number(id))
    .where('value', 'in', values)
    .execute()
  const unknown = values.find((value) => !rows.some((row) => row.value === value))
  if (unknown !== undefined) throw new AgentError('USAGE', `${unknown} is not in pool ${id}`)
}

async function showQuota(room: Room, project: string, options: CentralOptions): Promise<void> {
  const { store, config } = room
  const { id } = await findProject(store, project)
  const limits = await limitsOf(store.read, { config, projectId: id })
  const used = await usageOf(store.read, id)
  const shown = Object.entries(limits).map(([resource, limit]) => ({
    resource,
    used: resource === 'keypairs' ? null : used[resource as keyof typeof used],
    limit,
  }))
  printRows(shown, { ...options, columns: ['resource', 'used', 'limit'], none: 'no quota' })
}

async function setQuota(
  { store, config }: Room,
  { project, pairs }: { readonly project: string; readonly pairs: readonly string[] },
  options: CentralOptions,
): Promise<void> {
  const { id, name } = await findProject(store, project)
  const known = Object.keys(config.quota)
  const wanted = pairs.map((pair) => {
    const [, resource = '', count = ''] = /^([a-z_]+)=(-1|\d{1,9}|default)$/.exec(pair) ?? []
    if (!known.includes(resource)) {
      throw new AgentError('USAGE', `${pair}: wants RESOURCE=COUNT with one of ${known.join(', ')}`)
    }
    return { resource, count }
  })
  await store.write(async (tx) => {
    for (const { resource, count } of wanted) {
      const rows = tx.deleteFrom('quotas').where('project_id', '=', id)
      await rows.where('resource', '=', resource).execute()
      if (count === 'default') continue
      const row = { project_id: id, resource, quota: Number(count) }
      await tx.insertInto('quotas').values(row).execute()
    }
  })
  printDone(`${name}: ${pairs.join(', ')}`, { id, name }, options)
}
