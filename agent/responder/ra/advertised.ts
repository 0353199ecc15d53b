import { network6 } from '#addr/cidr.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { Mac } from '#addr/mac.js'
import type { NicService, RaService } from '#binding/service.js'
import { domainNamesBytes } from '#wire/domain-name.js'
import type { RouterAdvertisement } from '#wire/ndp/message.js'
import { type NdpOption, pref64Lengths } from '#wire/ndp/option.js'

/** What an advertisement is made of besides the service. */
export interface AdvertisedLink {
  /** The router's hardware address, for the source link-layer address option. */
  readonly mac: Mac
  /** MTU of the tap in bytes. */
  readonly mtu: number
}

/** Longest router lifetime (RFC 8319 §4). */
const maxRouterLifetimeSeconds = 65535

/**
 * The advertisement that a NIC is due (RFC 4861 §6.2.3).
 *
 * Flags M and O are told only when DHCPv6 stands behind them, whatever the service says: a guest that is sent to a server
 * which is not there waits for it. A router with lifetime 0 has no preference (RFC 4191 §2.2).
 * @returns undefined for a NIC without router advertisements
 */
export function advertisementOf(
  { ra, dhcp6 }: Pick<NicService, 'ra' | 'dhcp6'>,
  link: AdvertisedLink,
): RouterAdvertisement | undefined {
  if (ra === undefined) return undefined
  const hasAssignment = dhcp6?.address !== undefined || dhcp6?.delegatedPrefix !== undefined
  const routerLifetimeSeconds = Math.min(ra.routerLifetimeSeconds, maxRouterLifetimeSeconds)
  return {
    kind: 'router-advertisement',
    hopLimit: ra.hopLimit,
    isManaged: ra.isManaged && hasAssignment,
    hasOtherConfig: ra.hasOtherConfig && dhcp6 !== undefined,
    preference: routerLifetimeSeconds === 0 ? 'medium' : ra.preference,
    routerLifetimeSeconds,
    reachableMs: 0,
    retransMs: 0,
    options: optionsOf(ra, link),
  }
}

/** Options, the most needed first: what does not fit into one packet is left out from the end. */
function optionsOf(ra: RaService, link: AdvertisedLink): readonly NdpOption[] {
  return [
    { kind: 'source-link-layer-address', mac: link.mac },
    ...mtuOption(ra.mtu ?? link.mtu, link.mtu),
    ...ra.prefixes.map(prefixOption),
    ...serversOption(ra.nameservers, ra.dnsLifetimeSeconds),
    ...searchOption(ra.searchList, ra.dnsLifetimeSeconds),
    ...ra.routes.map((route): NdpOption => ({ kind: 'route', ...route })),
    ...pref64Option(ra),
    ...portalOption(ra.captivePortal),
  ]
}

/** IPv6 needs 1280 bytes (RFC 8200 §5), and a host ignores an MTU above its own (RFC 4861 §6.3.4). */
function mtuOption(mtu: number, linkMtu: number): readonly NdpOption[] {
  return mtu < 1280 || mtu > linkMtu ? [] : [{ kind: 'mtu', mtu }]
}

/** A preferred lifetime above the valid one makes hosts ignore the prefix (RFC 4862 §5.5.3 c). */
function prefixOption(advertised: RaService['prefixes'][number]): NdpOption {
  const { prefix, validSeconds } = advertised
  return {
    kind: 'prefix',
    prefix: { address: network6(prefix), prefixLength: prefix.prefixLength },
    isOnLink: advertised.isOnLink,
    isAutonomous: advertised.isAutonomous,
    isRouterAddress: false,
    isDelegationPreferred: false,
    validSeconds,
    preferredSeconds: Math.min(advertised.preferredSeconds, validSeconds),
  }
}

function serversOption(addresses: readonly Ipv6[], lifetimeSeconds: number): readonly NdpOption[] {
  return addresses.length === 0 ? [] : [{ kind: 'dns-servers', lifetimeSeconds, addresses }]
}

function searchOption(
  searchList: readonly string[],
  lifetimeSeconds: number,
): readonly NdpOption[] {
  const names = searchList.filter((name) => domainNamesBytes([name]) !== undefined)
  return names.length === 0 ? [] : [{ kind: 'dns-search-list', lifetimeSeconds, names }]
}

/** Lives as long as the name servers: RFC 8781 §4.1 and RFC 8106 §5.1 both ask for three times the longest interval. */
function pref64Option({ pref64, dnsLifetimeSeconds }: RaService): readonly NdpOption[] {
  if (pref64 === undefined || !pref64Lengths.includes(pref64.prefixLength)) return []
  const lifetimeSeconds = Math.min(Math.ceil(dnsLifetimeSeconds / 8) * 8, 0xfff8)
  return [{ kind: 'pref64', prefix: pref64, lifetimeSeconds }]
}

function portalOption(uri: string | undefined): readonly NdpOption[] {
  return uri !== undefined && /^[!-~]+$/.test(uri) ? [{ kind: 'captive-portal', uri }] : []
}
