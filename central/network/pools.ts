import type { CentralConfig } from '#central/config/central-config.js'
import type { Change, Store } from '#central/store/store.js'
import { createPool, growPool } from './pool.js'
import { bridgeNames, macPrefixes } from './pool-values.js'

/** The pools that every network draws from. */
export type SharedPool = 'mac-prefix' | 'bridge'

/** Makes the shared pools, or those longer that the configuration made so. They never get shorter. */
export async function ensurePools(
  store: Store,
  { network }: Pick<CentralConfig, 'network'>,
): Promise<void> {
  const wanted = [
    ['mac-prefix', network.mac_prefix, network.mac_prefix_count, macPrefixes],
    ['bridge', network.vlan_bridge, network.vlan_count, bridgeNames],
  ] as const
  for (const [kind, base, count, valuesOf] of wanted) {
    const values = [...valuesOf(base, count)]
    const pool = await store.read
      .selectFrom('pools')
      .selectAll()
      .where('kind', '=', kind)
      .where('base', '=', base)
      .executeTakeFirst()
    if (pool !== undefined && pool.size >= values.length) continue
    await store.write(async (tx) => {
      if (pool === undefined) await createPool(tx, { kind, subnet_id: null, base }, values)
      else await growPool(tx, pool.id, values)
    })
  }
}

/** Numbers of the shared pools of a kind that the configuration names. */
export async function sharedPools(
  tx: Change,
  { network }: Pick<CentralConfig, 'network'>,
  kind: SharedPool,
): Promise<readonly number[]> {
  const base = kind === 'bridge' ? network.vlan_bridge : network.mac_prefix
  const pools = await tx
    .selectFrom('pools')
    .select('id')
    .where('kind', '=', kind)
    .where('base', '=', base)
    .execute()
  return pools.map(({ id }) => id)
}

/** Numbers of the pools that hold a network's IPv4 addresses. */
export async function addressPools(tx: Change, networkId: number): Promise<readonly number[]> {
  const pools = await tx
    .selectFrom('pools')
    .innerJoin('subnets', 'subnets.id', 'pools.subnet_id')
    .select('pools.id')
    .where('subnets.network_id', '=', networkId)
    .orderBy('pools.id')
    .execute()
  return pools.map(({ id }) => id)
}
