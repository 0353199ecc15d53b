import type { Selectable } from 'kysely'
import { contains4, contains6, parseCidr4, parseCidr6 } from '#addr/cidr.js'
import type { Change } from '#central/store/store.js'
import type { SubnetTable } from '#central/store/tables/network.js'
import type { NetworkDeps } from './network-deps.js'
import { NetworkFault } from './network-fault.js'
import type { NetworkRow } from './networks.js'
import { createPool } from './pool.js'
import { addressesOf } from './pool-values.js'
import { planSubnet, type WantedSubnet } from './subnet-plan.js'

/** A row of `subnets`. */
export type SubnetRow = Selectable<SubnetTable>

/** A subnet, and how guests get what is in it. */
export interface NewSubnet extends WantedSubnet {
  readonly name: string
  readonly isDhcp?: boolean
  readonly dnsNameservers?: readonly string[]
  readonly hostRoutes?: readonly { readonly destination: string; readonly nexthop: string }[]
  /** Shortest prefix of an IPv4 network; absent: the configured one. */
  readonly largest?: number
}

/**
 * Adds a subnet to a network: one of IPv4, one of IPv6, and none once a cluster has it, for Ganeti cannot change them.
 *
 * Each address of IPv4 that may be given gets its row in a pool.
 * @throws NetworkFault InvalidInput, Conflict
 */
export async function createSubnet(
  tx: Change,
  deps: NetworkDeps,
  { network, subnet }: { readonly network: NetworkRow; readonly subnet: NewSubnet },
): Promise<SubnetRow> {
  const planned = planSubnet(subnet, subnet.largest ?? deps.network.largest_subnet)
  if (!planned.ok) throw new NetworkFault('InvalidInput', planned.problem)
  const { ipVersion, cidr, gatewayIp, ranges } = planned.value
  await requireRoom(tx, { network, ipVersion, cidr })
  const isDhcp = subnet.isDhcp ?? deps.network.dhcp
  const row = await tx
    .insertInto('subnets')
    .values({
      network_id: network.id,
      name: subnet.name,
      ip_version: ipVersion,
      cidr,
      gateway_ip: gatewayIp,
      is_dhcp: isDhcp ? 1 : 0,
      is_slaac: ipVersion === 6 ? 1 : 0,
      dns_nameservers: JSON.stringify(subnet.dnsNameservers ?? []),
      host_routes: JSON.stringify(subnet.hostRoutes ?? []),
      allocation_pools: JSON.stringify(ranges),
      created_ms: deps.nowMs,
      updated_ms: deps.nowMs,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  if (ipVersion === 4) {
    const pool = { kind: 'ipv4', subnet_id: row.id, base: cidr } as const
    await createPool(tx, pool, addressesOf(ranges))
  }
  return row
}

async function requireRoom(
  tx: Change,
  {
    network,
    ipVersion,
    cidr,
  }: { readonly network: NetworkRow; readonly ipVersion: 4 | 6; readonly cidr: string },
): Promise<void> {
  if (await isAtAnyCluster(tx, network.id)) {
    throw new NetworkFault('Conflict', 'the network is in use at a cluster: subnets come before')
  }
  const others = await tx
    .selectFrom('subnets')
    .innerJoin('networks', 'networks.id', 'subnets.network_id')
    .select(['subnets.id', 'subnets.network_id', 'subnets.cidr', 'networks.is_public'])
    .where('subnets.ip_version', '=', ipVersion)
    .where('networks.deleted_ms', 'is', null)
    .execute()
  for (const other of others) {
    if (other.network_id === network.id) {
      throw new NetworkFault('Conflict', `the network has an IPv${ipVersion} subnet already`)
    }
    if (network.is_public === 1 && other.is_public === 1 && overlap(cidr, other.cidr)) {
      const where = `subnet ${other.id} of public network ${other.network_id}`
      throw new NetworkFault('Conflict', `${cidr} overlaps ${where}, ${other.cidr}`)
    }
  }
}

function overlap(one: string, other: string): boolean {
  const [a4, b4] = [parseCidr4(one), parseCidr4(other)]
  if (a4 !== undefined && b4 !== undefined) {
    return contains4(a4, b4.address) || contains4(b4, a4.address)
  }
  const [a6, b6] = [parseCidr6(one), parseCidr6(other)]
  return a6 !== undefined && b6 !== undefined
    ? contains6(a6, b6.address) || contains6(b6, a6.address)
    : false
}

async function isAtAnyCluster(tx: Change, networkId: number): Promise<boolean> {
  const found = await tx
    .selectFrom('backend_networks')
    .select('backend_id')
    .where('network_id', '=', networkId)
    .executeTakeFirst()
  return found !== undefined
}

/** The subnets of a network. */
export async function subnetsOf(tx: Change, networkId: number): Promise<readonly SubnetRow[]> {
  const query = tx.selectFrom('subnets').selectAll().where('network_id', '=', networkId)
  return await query.orderBy('id').execute()
}

/**
 * Removes a subnet that nobody has an address of and no cluster knows.
 * @throws NetworkFault SubnetInUse
 */
export async function deleteSubnet(tx: Change, subnet: SubnetRow): Promise<void> {
  const used = await tx
    .selectFrom('pool_values')
    .innerJoin('pools', 'pools.id', 'pool_values.pool_id')
    .select('pool_values.id')
    .where('pools.subnet_id', '=', subnet.id)
    .where('pool_values.owner_kind', 'is not', null)
    .executeTakeFirst()
  if (used !== undefined || (await isAtAnyCluster(tx, subnet.network_id))) {
    throw new NetworkFault(
      'SubnetInUse',
      'the subnet is in use: it goes with its network, or before a cluster has that',
    )
  }
  await dropSubnet(tx, subnet.id)
}

/** Removes a subnet with its pool. */
export async function dropSubnet(tx: Change, subnetId: number): Promise<void> {
  const pools = tx.selectFrom('pools').select('id').where('subnet_id', '=', subnetId)
  await tx.deleteFrom('pool_values').where('pool_id', 'in', pools).execute()
  await tx.deleteFrom('pools').where('subnet_id', '=', subnetId).execute()
  await tx.deleteFrom('subnets').where('id', '=', subnetId).execute()
}
