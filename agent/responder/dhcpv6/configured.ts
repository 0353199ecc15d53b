import { type Ipv6, ipv6Bytes } from '#addr/ipv6.js'
import type { Dhcp6Network, Dhcp6Service } from '#binding/service.js'
import { dhcpv6OptionBytes, dhcpv6OptionsBytes } from '#wire/dhcpv6/encode.js'
import type { Dhcpv6Option } from '#wire/dhcpv6/option.js'
import { dhcpv6Option } from '#wire/dhcpv6/option-code.js'
import { domainNameBytes, partialNameBytes } from '#wire/domain-name.js'

/** Told also to clients that ask for nothing (no option 6). */
export function isToldUnasked(code: number): boolean {
  return code === dhcpv6Option.dnsServers || code === dhcpv6Option.domainSearch
}

/** Told only in answers to INFORMATION-REQUEST (RFC 9915 §21.23). */
export function isForInformation(code: number): boolean {
  return code === dhcpv6Option.informationRefreshTime
}

/** Options that belong to the exchange itself: no configuration may set them. */
const ownCodes: ReadonlySet<number> = new Set([
  ...[dhcpv6Option.clientId, dhcpv6Option.serverId, dhcpv6Option.iaNa, dhcpv6Option.iaTa],
  ...[dhcpv6Option.iaAddress, dhcpv6Option.optionRequest, dhcpv6Option.preference],
  ...[dhcpv6Option.relayMessage, dhcpv6Option.authentication, dhcpv6Option.serverUnicast],
  ...[dhcpv6Option.statusCode, dhcpv6Option.rapidCommit, dhcpv6Option.interfaceId],
  ...[dhcpv6Option.reconfigureMessage, dhcpv6Option.reconfigureAccept, dhcpv6Option.iaPd],
  ...[dhcpv6Option.iaPrefix, dhcpv6Option.elapsedTime, dhcpv6Option.clientFqdn],
])

/** The options that a network configures, whole and one after the other; raw ones win over those of the same code. */
export function configuredOptions(network: Dhcp6Network): Uint8Array {
  const raw = network.rawOptions.filter(({ code }) => !ownCodes.has(code))
  const own = ownOptions(network).filter((option) => !raw.some(({ code }) => code === option.code))
  return dhcpv6OptionsBytes([
    ...own,
    ...raw.map(({ code, value }) => ({ kind: 'bytes', code, value }) as const),
  ])
}

function ownOptions(network: Dhcp6Network): readonly Dhcpv6Option[] {
  const { nameservers, searchList, ntpServers } = network
  const names = searchList.filter((name) => domainNameBytes(name) !== undefined)
  return [
    ...addresses(dhcpv6Option.dnsServers, nameservers),
    ...(names.length > 0
      ? [{ kind: 'names', code: dhcpv6Option.domainSearch, names } as const]
      : []),
    ...addresses(dhcpv6Option.sntpServers, ntpServers),
    ...ntpServers.map(ntpOption),
    ...number(dhcpv6Option.solMaxRt, network.solMaxRtSeconds),
    ...number(dhcpv6Option.infMaxRt, network.infMaxRtSeconds),
    ...number(dhcpv6Option.informationRefreshTime, network.informationRefreshSeconds),
  ]
}

/** The option 39 that a NIC with this name gets, with the client's wishes still to be entered (RFC 4704 §4). */
export function fqdnOption({ hostname, network }: Dhcp6Service): Uint8Array | undefined {
  if (hostname === undefined) return undefined
  const { domain } = network
  const fqdn = domain === undefined ? hostname : `${hostname}.${domain}`
  const name = fqdn.includes('.') ? domainNameBytes(fqdn) : partialNameBytes(fqdn)
  if (name === undefined) return undefined
  const value = Uint8Array.of(0, ...name)
  return dhcpv6OptionBytes({ kind: 'bytes', code: dhcpv6Option.clientFqdn, value })
}

function addresses(code: number, list: readonly Ipv6[]): readonly Dhcpv6Option[] {
  return list.length === 0 ? [] : [{ kind: 'addresses', code, addresses: list }]
}

function number(code: number, value: number | undefined): readonly Dhcpv6Option[] {
  return value === undefined ? [] : [{ kind: 'number', code, value }]
}

/** One option for each server, each with one suboption 1, its address (RFC 5908 §4). */
function ntpOption(server: Ipv6): Dhcpv6Option {
  const value = new Uint8Array(20)
  value.set([0, 1, 0, 16])
  value.set(ipv6Bytes(server), 4)
  return { kind: 'bytes', code: dhcpv6Option.ntpServer, value }
}
