import { ipv4OfNumber } from '#addr/ipv4.js'
import { readU16, readU32 } from '#wire/bytes.js'
import { dhcpOption } from '#wire/dhcpv4/codes.js'
import { type Dhcpv4Message, decodeDhcpv4 } from '#wire/dhcpv4/message.js'
import type { Dhcpv4Option } from '#wire/dhcpv4/option-list.js'
import { decodeDomainNames } from '#wire/domain-name.js'
import { type Description, type Fact, hexText, printableText, textOrHex } from './description.js'

/** Names of message types (RFC 2132 §9.6), by number. */
const typeNames = [
  'BOOTP',
  'DHCPDISCOVER',
  'DHCPOFFER',
  'DHCPREQUEST',
  'DHCPDECLINE',
  'DHCPACK',
  'DHCPNAK',
  'DHCPRELEASE',
  'DHCPINFORM',
]

/** How the value of an option reads, and what it is called here. Options that are not listed are printed as bytes. */
const optionFormats: Readonly<Record<number, readonly [string, (value: Uint8Array) => string]>> = {
  [dhcpOption.subnetMask]: ['mask', addresses],
  [dhcpOption.router]: ['router', addresses],
  [dhcpOption.domainNameServer]: ['dns', addresses],
  [dhcpOption.hostName]: ['host', textOrHex],
  [dhcpOption.domainName]: ['domain', textOrHex],
  [dhcpOption.interfaceMtu]: ['mtu', word],
  [dhcpOption.broadcastAddress]: ['broadcast', addresses],
  [dhcpOption.ntpServers]: ['ntp', addresses],
  [dhcpOption.requestedAddress]: ['requested', addresses],
  [dhcpOption.leaseTime]: ['lease', seconds],
  [dhcpOption.serverIdentifier]: ['server', addresses],
  [dhcpOption.parameterRequestList]: ['asks-for', (value) => value.join(',')],
  [dhcpOption.message]: ['message', textOrHex],
  [dhcpOption.maximumMessageSize]: ['max-size', word],
  [dhcpOption.renewalTime]: ['renew', seconds],
  [dhcpOption.rebindingTime]: ['rebind', seconds],
  [dhcpOption.vendorClass]: ['vendor', textOrHex],
  [dhcpOption.clientIdentifier]: ['client-id', hexText],
  [dhcpOption.tftpServerName]: ['boot-server', textOrHex],
  [dhcpOption.bootfileName]: ['boot-file', textOrHex],
  [dhcpOption.userClass]: ['user-class', textOrHex],
  [dhcpOption.rapidCommit]: ['rapid-commit', () => 'yes'],
  [dhcpOption.clientArchitecture]: ['arch', word],
  [dhcpOption.v6OnlyPreferred]: ['v6-only', seconds],
  [dhcpOption.captivePortal]: ['portal', textOrHex],
  [dhcpOption.domainSearch]: ['search', names],
  [dhcpOption.classlessRoutes]: ['routes', routes],
  [dhcpOption.microsoftRoutes]: ['ms-routes', routes],
  [dhcpOption.tftpServerAddress]: ['boot-address', addresses],
}

/** The DHCPv4 message at `at` for people, or undefined when it cannot be read. */
export function describeDhcpv4(
  bytes: Uint8Array,
  at: number,
  length: number,
): Description | undefined {
  const message = decodeDhcpv4(bytes, at, length)
  if (message === undefined) return undefined
  const type = optionOf(message, dhcpOption.messageType)?.[0] ?? 0
  return {
    what: typeNames[type] ?? `DHCP message of type ${type}`,
    facts: [
      ['xid', message.xid.toString(16).padStart(8, '0')],
      ['chaddr', macText(message)],
      ...address('ciaddr', message.ciaddr),
      ...address('yiaddr', message.yiaddr),
      ...address('siaddr', message.siaddr),
      ...address('giaddr', message.giaddr),
      ...((message.flags & 0x8000) === 0 ? [] : [['broadcast', 'wanted'] as const]),
      ...text('sname', message.sname),
      ...text('file', message.file),
      ...(message.options ?? [])
        .filter(({ code }) => code !== dhcpOption.messageType)
        .map(optionFact),
    ],
  }
}

function optionFact({ code, value }: Dhcpv4Option): Fact {
  const [name, format] = optionFormats[code] ?? [`option-${code}`, hexText]
  return [name, format(value)]
}

function optionOf({ options }: Dhcpv4Message, wanted: number): Uint8Array | undefined {
  return options?.find(({ code }) => code === wanted)?.value
}

function macText({ chaddr, hlen }: Dhcpv4Message): string {
  return Array.from(chaddr.subarray(0, Math.min(hlen, 16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join(':')
}

function address(name: string, value: number): readonly Fact[] {
  return value === 0 ? [] : [[name, ipv4OfNumber(value)]]
}

function text(name: string, value: Uint8Array): readonly Fact[] {
  return value.length === 0 ? [] : [[name, textOrHex(value)]]
}

function addresses(value: Uint8Array): string {
  if (value.length % 4 !== 0) return hexText(value)
  return Array.from({ length: value.length / 4 }, (_, index) =>
    ipv4OfNumber(readU32(value, index * 4)),
  ).join(',')
}

function word(value: Uint8Array): string {
  return value.length === 2 ? String(readU16(value, 0)) : hexText(value)
}

function seconds(value: Uint8Array): string {
  return value.length === 4 ? `${readU32(value, 0)}s` : hexText(value)
}

function names(value: Uint8Array): string {
  const list = decodeDomainNames(value, 0, { length: value.length, areCompressed: true })
  return list === undefined ? hexText(value) : printableText(list.join(','))
}

/** RFC 3442: prefix length, the bytes of the destination that it needs, gateway; again and again. */
function routes(value: Uint8Array): string {
  const list: string[] = []
  let at = 0
  while (at < value.length) {
    const length = value[at] ?? 0
    const size = Math.ceil(length / 8)
    if (length > 32 || at + 5 + size > value.length) return hexText(value)
    const destination = [0, 1, 2, 3].map((index) => (index < size ? value[at + 1 + index] : 0))
    list.push(`${destination.join('.')}/${length}>${ipv4OfNumber(readU32(value, at + 1 + size))}`)
    at += 5 + size
  }
  return list.join(',')
}
