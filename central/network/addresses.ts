import { contains4, parseCidr4, parseCidr6 } from '#addr/cidr.js'
import { eui64Address } from '#addr/eui64.js'
import { parseIpv4 } from '#addr/ipv4.js'
import { parseMac } from '#addr/mac.js'
import type { Change } from '#central/store/store.js'
import { freeFloatingIp } from './floating-ips.js'
import type { NetworkDeps } from './network-deps.js'
import { NetworkFault } from './network-fault.js'
import type { NetworkRow } from './networks.js'
import { takeAny, takeValue } from './pool.js'
import { addressPools } from './pools.js'
import { type SubnetRow, subnetsOf } from './subnets.js'

/** A port that is to get an address. */
export interface AddressWish {
  readonly network: NetworkRow
  readonly portId: number
  readonly projectId: string
  /** This one and no other. */
  readonly fixedIp?: string
}

/**
 * Gives a port its IPv4 address: the one that was asked for, or one of the project's floating ones where the network gives no
 * others, or the next of the network's pool. IPv6 addresses come with the hardware address ({@link setSlaacAddresses}).
 * @returns null when the network has none
 * @throws NetworkFault InvalidIpForSubnet, IpAddressInUse, IpAddressGenerationFailure
 */
export async function giveAddress(
  tx: Change,
  deps: NetworkDeps,
  wish: AddressWish,
): Promise<string | null> {
  const { network, portId, projectId, fixedIp } = wish
  const subnets = await subnetsOf(tx, network.id)
  const subnet = subnets.find(({ ip_version: version }) => version === 4)
  if (subnet === undefined) {
    if (fixedIp === undefined) return null
    throw new NetworkFault('InvalidIpForSubnet', `network ${network.id} has no IPv4 subnet`)
  }
  if (fixedIp !== undefined) requireInside(subnet, fixedIp)
  const floating = await freeFloatingIp(tx, deps, {
    ...{ networkId: network.id, projectId },
    ...(fixedIp === undefined ? {} : { address: fixedIp }),
  })
  const isFromPool = network.is_floating_pool === 0
  if (floating !== undefined && (fixedIp !== undefined || !isFromPool)) {
    await insertAddress(tx, { network, portId, subnet, ...floating })
    await tx
      .updateTable('floating_ips')
      .set({ port_id: portId })
      .where('id', '=', floating.floatingIpId)
      .execute()
    return floating.address
  }
  if (!isFromPool) {
    throw new NetworkFault(
      'IpAddressGenerationFailure',
      `network ${network.id} gives floating addresses only: create one first, openstack floating ip create ${network.id}`,
    )
  }
  const owner = { kind: 'port', id: portId } as const
  const poolIds = await addressPools(tx, network.id)
  const taken =
    fixedIp === undefined
      ? await takeAny(tx, deps, { poolIds, owner })
      : await takeValue(tx, deps, { poolIds, owner, value: fixedIp })
  if (taken === undefined) {
    throw fixedIp === undefined
      ? new NetworkFault(
          'IpAddressGenerationFailure',
          `network ${network.id} has no address left (those given back lately rest for a while)`,
        )
      : new NetworkFault('IpAddressInUse', `${fixedIp} is in use, reserved or resting`)
  }
  await insertAddress(tx, { network, portId, subnet, address: taken.value, poolValueId: taken.id })
  return taken.value
}

function requireInside(subnet: SubnetRow, fixedIp: string): void {
  const address = parseIpv4(fixedIp)
  const cidr = parseCidr4(subnet.cidr)
  if (address === undefined || cidr === undefined || !contains4(cidr, address)) {
    throw new NetworkFault('InvalidIpForSubnet', `${fixedIp} is no address of ${subnet.cidr}`)
  }
}

/** Notes an address of a port. @returns false when another port of the network has it */
export async function insertAddress(
  tx: Change,
  {
    network,
    portId,
    subnet,
    address,
    poolValueId,
    floatingIpId,
  }: {
    readonly network: Pick<NetworkRow, 'id'>
    readonly portId: number
    readonly subnet: SubnetRow | undefined
    readonly address: string
    readonly poolValueId?: number
    readonly floatingIpId?: number
  },
): Promise<boolean> {
  const made = await tx
    .insertInto('addresses')
    .values({
      port_id: portId,
      network_id: network.id,
      subnet_id: subnet?.id ?? null,
      ip_version: address.includes(':') ? 6 : 4,
      address,
      pool_value_id: poolValueId ?? null,
      floating_ip_id: floatingIpId ?? null,
    })
    .onConflict((conflict) => conflict.columns(['network_id', 'address']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return made !== undefined
}

/** Gives a port the IPv6 addresses that its hardware address makes (RFC 4862 §5.5.3), instead of those that it had. */
export async function setSlaacAddresses(
  tx: Change,
  {
    portId,
    networkId,
    mac,
  }: { readonly portId: number; readonly networkId: number; readonly mac: string },
): Promise<void> {
  const subnets = (await subnetsOf(tx, networkId)).filter(({ is_slaac: isSlaac }) => isSlaac === 1)
  const hardware = parseMac(mac)
  const wanted = subnets.flatMap((subnet) => {
    const cidr = parseCidr6(subnet.cidr)
    const address =
      cidr === undefined || hardware === undefined ? undefined : eui64Address(cidr, hardware)
    return address === undefined ? [] : [{ subnet, address: address as string }]
  })
  const has = await tx
    .selectFrom('addresses')
    .select(['id', 'address'])
    .where('port_id', '=', portId)
    .where('ip_version', '=', 6)
    .execute()
  for (const { id, address } of has) {
    if (wanted.some((one) => one.address === address)) continue
    await tx.deleteFrom('addresses').where('id', '=', id).execute()
  }
  for (const { subnet, address } of wanted) {
    if (has.some((one) => one.address === address)) continue
    await insertAddress(tx, { network: { id: networkId }, portId, subnet, address })
  }
}
