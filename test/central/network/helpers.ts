import { defaultCentralConfig } from '#central/config/central-config.js'
import { createNames } from '#central/names.js'
import type { NetworkDeps } from '#central/network/network-deps.js'
import { NetworkFault, type NeutronType } from '#central/network/network-fault.js'
import { createNetwork, type NetworkRow, type WantedNetwork } from '#central/network/networks.js'
import { ensurePools } from '#central/network/pools.js'
import { createSubnet, type NewSubnet } from '#central/network/subnets.js'
import { createSealer } from '#central/store/seal.js'
import type { Change, Store } from '#central/store/store.js'

/** When tests happen. */
export const nowMs = 1_700_000_000_000

const sealer = createSealer('a key of tests')

/** What changes of networks need, with other values of `[network]` and `[quota]`. */
export function depsOf(
  store: Pick<Store, 'engine'>,
  more: {
    readonly nowMs?: number
    readonly network?: Partial<NetworkDeps['network']>
    readonly quota?: Partial<NetworkDeps['quota']>
  } = {},
): NetworkDeps {
  const { network, quota } = defaultCentralConfig()
  return {
    ...{ engine: store.engine, names: createNames('snf-'), sealer },
    nowMs: more.nowMs ?? nowMs,
    network: { ...network, mac_prefix_count: 64, ...more.network },
    quota: { ...quota, ...more.quota },
  }
}

/** The project and user of tests. */
export const ours = { projectId: 'p1', userId: 'u1' } as const

/** Server 42 of theirs, at cluster 2. */
export const server = { id: 42, ...ours, backendId: 2, instanceName: 'snf-42' } as const

/** Makes the shared pools. */
export async function preparePools(store: Store, deps: NetworkDeps): Promise<void> {
  await ensurePools(store, deps)
}

/** A network with its subnets. */
export function networkWith(
  store: Store,
  deps: NetworkDeps,
  {
    subnets = [],
    ...network
  }: Partial<WantedNetwork> & { readonly subnets?: readonly Omit<NewSubnet, 'name'>[] } = {},
): Promise<NetworkRow> {
  return store.write(async (tx) => {
    const wanted = { name: 'net', flavor: 'CUSTOM', ...ours, ...network } as const
    const made = await createNetwork(tx, deps, wanted)
    for (const subnet of subnets) {
      await createSubnet(tx, deps, { network: made, subnet: { name: '', ...subnet } })
    }
    return made
  })
}

/** Addresses of a server's ports, IPv4 and IPv6, by port. */
export async function addressesOf(
  { read }: Pick<Store, 'read'>,
  serverId: number = server.id,
): Promise<ReadonlyMap<number, readonly string[]>> {
  const ports = await read
    .selectFrom('ports')
    .leftJoin('addresses', 'addresses.port_id', 'ports.id')
    .select(['ports.id', 'addresses.address'])
    .where('ports.server_id', '=', serverId)
    .orderBy('ports.id')
    .orderBy('addresses.id')
    .execute()
  const found = new Map<number, readonly string[]>()
  for (const { id, address } of ports) {
    found.set(id, [...(found.get(id) ?? []), ...(address === null ? [] : [address])])
  }
  return found
}

/** What Neutron calls the refusal that a change ends with. */
export async function refusal(change: Promise<unknown>): Promise<NeutronType | 'none'> {
  try {
    await change
    return 'none'
  } catch (error) {
    if (error instanceof NetworkFault) return error.neutronType
    throw error
  }
}

/** Intents that were opened, with their requests. */
export async function intentsOf(tx: Change | Store['read']) {
  const rows = await tx.selectFrom('intents').selectAll().orderBy('id').execute()
  return rows.map((row) => ({ ...row, request: JSON.parse(sealer.open(row.request)) }))
}

/** Says that an intent has ended. */
export function end(store: Store, intentId: number, status: 'done' | 'failed'): Promise<void> {
  return store.write(async (tx) => {
    const set = { status, request: '', updated_ms: nowMs }
    await tx.updateTable('intents').set(set).where('id', '=', intentId).execute()
  })
}
