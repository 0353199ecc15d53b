import { type Cidr6, contains6, hostNumber4, network6, subprefix6 } from '#addr/cidr.js'
import type { MergedBinding, NoteProblem } from './resolve.js'
import type { Dhcp6Network, Dhcp6Service } from './service.js'
import type { CompleteSettings, Delegation } from './settings.js'

/** What DHCPv6 tells the NIC; undefined where it is off. */
export function resolveDhcp6(
  { binding, settings, hostname, domain, shared }: MergedBinding,
  note: NoteProblem,
): Dhcp6Service | undefined {
  if (settings.dhcpv6 === 'off') return undefined
  const { ip6, network } = binding
  const address = settings.dhcpv6 === 'stateful' ? ip6 : undefined
  if (address && network?.subnet6 && !contains6(network.subnet6, address)) {
    note('ip6', 'is not in the subnet')
  }
  return {
    address,
    delegatedPrefix: delegatedPrefixOf(binding, settings.delegation, note),
    hostname,
    network: shared.dhcp6([domain], () => networkOf(settings, domain)),
  }
}

function networkOf(settings: CompleteSettings, domain: string | undefined): Dhcp6Network {
  const validSeconds = settings.addressValidSeconds
  const preferredSeconds = Math.min(settings.addressPreferredSeconds, validSeconds)
  return {
    serverDuid: settings.duid,
    preferredSeconds,
    validSeconds,
    // half and eight tenths of the preferred lifetime (RFC 9915 §21.4)
    renewSeconds: Math.floor(preferredSeconds * 0.5),
    rebindSeconds: Math.floor(preferredSeconds * 0.8),
    nameservers: settings.nameservers6,
    searchList: searchList6(settings.searchList, domain),
    ntpServers: settings.ntpServers6,
    domain,
    // DHCPv6 knows no path without a server: option 59 is an URL (RFC 5970 §3.1)
    boot: settings.boot.filter(({ file }) => file.includes('://')),
    hasRapidCommit: settings.hasRapidCommit,
    solMaxRtSeconds: maxRt(settings.solMaxRtSeconds),
    infMaxRtSeconds: maxRt(settings.infMaxRtSeconds),
    informationRefreshSeconds: settings.informationRefreshSeconds,
    rawOptions: settings.rawOptions6,
  }
}

/** A host's name without its domain, and its domain: what is set, else what follows the first dot. */
export function hostNames(
  name: string,
  domain: string,
): { readonly hostname: string; readonly domain: string | undefined } {
  const dot = name.indexOf('.')
  const own = dot < 0 ? undefined : name.slice(dot + 1)
  return {
    hostname: dot < 0 ? name : name.slice(0, dot),
    domain: domain === 'auto' ? own : domain,
  }
}

/** What IPv6 looks names up in: it has no other way to tell the domain. */
export function searchList6(
  searchList: readonly string[],
  domain: string | undefined,
): readonly string[] {
  return searchList.length > 0 || domain === undefined ? searchList : [domain]
}

/** 60 s to a day, else it is not told (RFC 9915 §21.24). */
function maxRt(seconds: number): number | undefined {
  return seconds === 0 ? undefined : Math.max(60, seconds)
}

function delegatedPrefixOf(
  { delegatedPrefix, ip, network }: MergedBinding['binding'],
  delegation: Delegation | 'none',
  note: NoteProblem,
): Cidr6 | undefined {
  if (delegatedPrefix !== undefined) {
    return { ...delegatedPrefix, address: network6(delegatedPrefix) }
  }
  if (delegation === 'none') return undefined
  const number = ip && network?.subnet && hostNumber4(network.subnet, ip)
  const { pool, length } = delegation
  const prefix = number === undefined ? undefined : subprefix6(pool, { length, number })
  if (prefix === undefined)
    note('delegation', 'has no prefix for the NIC’s place in its IPv4 subnet')
  return prefix
}
