import type { Selectable } from 'kysely'
import type { Change } from '#central/store/store.js'
import type { AddressTable } from '#central/store/tables/network.js'
import { networkOfNic } from './foreign-network.js'
import type { NetworkDeps } from './network-deps.js'
import { addressPools } from './pools.js'
import type { PortRow } from './port-rows.js'
import { type SubnetRow, subnetsOf } from './subnets.js'
import type { ToldNic } from './told-nic.js'

/** A row of `addresses`. */
export type AddressRow = Selectable<AddressTable>

/** A network as far as a NIC's address is concerned. */
export interface NetworkAtHand {
  readonly id: number
  /** Its IPv4 pools. */
  readonly poolIds: readonly number[]
  readonly subnets: readonly SubnetRow[]
  /** Its addresses are floating ones. */
  readonly isFloatingPool: boolean
}

/**
 * What lists of NICs are compared with, read by a few statements for many servers at once; what is asked of a network is asked once.
 * Ports and addresses are those of before the change: each server's are to be brought in line once.
 */
export interface NicsAtHand {
  portsOf(serverId: number): readonly PortRow[]
  addressesOf(portId: number): readonly AddressRow[]
  /** The network that a NIC is on, made where it has no row yet. */
  networkOf(nic: Pick<ToldNic, 'network' | 'mode' | 'link'>): Promise<number>
  network(networkId: number): Promise<NetworkAtHand>
}

/** Reads what is there of these servers. */
export async function readNics(
  tx: Change,
  deps: Pick<NetworkDeps, 'names' | 'nowMs'>,
  serverIds: readonly number[],
): Promise<NicsAtHand> {
  const ports =
    serverIds.length === 0
      ? []
      : await tx.selectFrom('ports').selectAll().where('server_id', 'in', serverIds).execute()
  const portIds = ports.map(({ id }) => id)
  const addresses =
    portIds.length === 0
      ? []
      : await tx.selectFrom('addresses').selectAll().where('port_id', 'in', portIds).execute()
  const byServer = groups(ports, ({ server_id: id }) => id)
  const byPort = groups(addresses, ({ port_id: id }) => id)
  const networkIds = new Map<string, Promise<number>>()
  const networks = new Map<number, Promise<NetworkAtHand>>()
  return {
    portsOf: (serverId) => byServer.get(serverId) ?? [],
    addressesOf: (portId) => byPort.get(portId) ?? [],
    networkOf: (nic) =>
      known(networkIds, nic.network ?? `link:${nic.link}`, () => networkOfNic(tx, deps, nic)),
    network: (id) => known(networks, id, () => readNetwork(tx, id)),
  }
}

async function readNetwork(tx: Change, id: number): Promise<NetworkAtHand> {
  const row = await tx
    .selectFrom('networks')
    .select('is_floating_pool')
    .where('id', '=', id)
    .executeTakeFirst()
  return {
    id,
    poolIds: await addressPools(tx, id),
    subnets: await subnetsOf(tx, id),
    isFloatingPool: row?.is_floating_pool === 1,
  }
}

/** A change uses one connection, so what was asked for is awaited before anything else is asked. */
function known<K, V>(cache: Map<K, Promise<V>>, key: K, read: () => Promise<V>): Promise<V> {
  const found = cache.get(key) ?? read()
  cache.set(key, found)
  return found
}

function groups<T>(rows: readonly T[], keyOf: (row: T) => number | null): Map<number | null, T[]> {
  const grouped = new Map<number | null, T[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const group = grouped.get(key)
    if (group === undefined) grouped.set(key, [row])
    else group.push(row)
  }
  return grouped
}
