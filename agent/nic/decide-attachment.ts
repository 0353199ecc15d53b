import { eui64Address, linkLocalOfMac } from '#addr/eui64.js'
import { parseIfName } from '#addr/if-name.js'
import type { Ipv4 } from '#addr/ipv4.js'
import type { Ipv6 } from '#addr/ipv6.js'
import { err, ok, type Result } from '#result.js'
import type { Attachment, PrivateVlan, Route6 } from './desired.js'
import { isLinkLocal } from './link-local.js'
import type { MergedNic } from './merged-nic.js'
import type { CompleteSetup } from './setup-settings.js'

/** How the tap reaches its network; the problem where it cannot. */
export function attachmentOf(merged: MergedNic): Result<Attachment, string> {
  const { nic, setup } = merged
  switch (nic.mode) {
    case 'bridged':
      return bridged(merged)
    case 'routed':
      return routed(merged)
    case 'openvswitch': {
      const bridge = parseIfName(nic.link)
      return bridge === undefined
        ? err('mode openvswitch wants the name of a switch as its link')
        : ok({ kind: 'openvswitch', bridge, vlan: nic.vlan })
    }
    case 'ext':
      return ok({ kind: 'ext', script: `${setup.extScripts}/up` })
  }
}

function bridged({ nic, setup }: MergedNic): Result<Attachment, string> {
  const bridge = parseIfName(nic.link)
  if (bridge === undefined) return err('mode bridged wants the name of a bridge as its link')
  const privateVlan = privateVlanOf(bridge, setup)
  return privateVlan !== undefined && nic.vlan !== undefined
    ? err(
        `bridge ${bridge} is VLAN ${privateVlan.id} as a whole, so a NIC on it has no VLAN of its own`,
      )
    : ok({ kind: 'bridged', bridge, vlan: nic.vlan, privateVlan })
}

/** The VLAN that a bridge is made for; undefined for bridges of the administrator's. */
export function privateVlanOf(
  bridge: string,
  { privateUplink, privateBridges: { before, after, offset } }: CompleteSetup,
): PrivateVlan | undefined {
  if (privateUplink === 'none' || !bridge.startsWith(before) || !bridge.endsWith(after)) {
    return undefined
  }
  const digits = bridge.slice(before.length, bridge.length - after.length)
  const id = /^(?:0|[1-9]\d{0,3})$/.test(digits) ? Number(digits) + offset : 0
  if (id < 1 || id > 4094) return undefined
  // a name that is too long for the usual form is one by the VLAN alone
  const device = parseIfName(`${privateUplink}.${id}`) ?? parseIfName(`vlan.${id}`)
  return device && { uplink: privateUplink, device, id }
}

function routed(merged: MergedNic): Result<Attachment, string> {
  const { nic, setup, ownPrefix } = merged
  const table = tableOf(nic.link)
  if (!table.ok) return table
  const addresses4 = nic.ip === undefined ? [] : [nic.ip]
  const addresses6 = routedAddresses6(merged)
  if (addresses4.length + addresses6.length === 0 && ownPrefix === undefined) {
    return err(
      'mode routed wants an address of the NIC, a network with an IPv6 subnet of 64 bits, or own_prefix',
    )
  }
  const hosts4 = hostsOf(merged.allows.cidrs4, 32)
  const hosts6 = hostsOf(merged.allows.cidrs6, 128)
  const via = linkLocalOfMac(nic.mac)
  return ok({
    kind: 'routed',
    table: table.value,
    gatewayMac: setup.gatewayMac,
    gatewayAddress6: gatewayAddress6(merged),
    routes4: [...addresses4, ...hosts4].map((address) => ({ address, prefixLength: 32 })),
    routes6: [
      ...[...addresses6, ...hosts6].map((address) => onLink(address)),
      // by way of the guest's link-local address: whatever it makes of its prefix, the host never has to ask for it
      ...(ownPrefix === undefined ? [] : [{ destination: ownPrefix, via }]),
    ],
    neighbours: [
      ...addresses4,
      ...hosts4,
      ...addresses6,
      ...hosts6,
      ...(ownPrefix === undefined ? [] : [via]),
    ],
    proxyOn: setup.proxyOn === 'none' ? undefined : setup.proxyOn,
  })
}

/** The IPv6 addresses that are known: what Ganeti names, and what the hardware address gives in a /64 that many share. */
function routedAddresses6({ nic, setup, ownPrefix }: MergedNic): readonly Ipv6[] {
  if (setup.ipv6Policy === 'none') return []
  const subnet6 = nic.network?.subnet6
  const made = subnet6 && ownPrefix === undefined ? eui64Address(subnet6, nic.mac) : undefined
  return [nic.ip6, made].flatMap((address) => (address === undefined ? [] : [address]))
}

/** Extra addresses are routed where they are single ones: a tag that allows a whole network, `0.0.0.0/0` for a router, is no route. */
function hostsOf<A extends Ipv4 | Ipv6>(
  cidrs: readonly { readonly address: A; readonly prefixLength: number }[],
  full: number,
): readonly A[] {
  return cidrs.flatMap(({ address, prefixLength }) => (prefixLength === full ? [address] : []))
}

function onLink(address: Ipv6): Route6 {
  return { destination: { address, prefixLength: 128 }, via: undefined }
}

/** What is configured, else a link-local gateway of the network, unless it is what the tap's hardware address gives anyway. */
function gatewayAddress6({ nic, setup, settings }: MergedNic): Ipv6 | undefined {
  const gateway6 = nic.network?.gateway6
  const ofNetwork = gateway6 !== undefined && isLinkLocal(gateway6) ? gateway6 : undefined
  const wanted = settings.gatewayAddress === 'auto' ? ofNetwork : settings.gatewayAddress
  return wanted === linkLocalOfMac(setup.gatewayMac) ? undefined : wanted
}

/** Tables that the kernel keeps for itself (linux/rtnetlink.h rt_class_t): a rule of a tap must never lead there. */
const reservedTables = ['local', '255', 'default', '253', 'unspec', '0']

function tableOf(link: string): Result<string | undefined, string> {
  if (link === '' || link === 'main' || link === '254') return ok(undefined)
  const isTable = /^[A-Za-z0-9_.-]{1,64}$/.test(link) && !reservedTables.includes(link)
  return isTable && !link.startsWith('-')
    ? ok(link)
    : err('mode routed wants the name or number of a routing table as its link, or none')
}
