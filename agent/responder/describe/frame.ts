import { type Ipv4, ipv4OfNumber } from '#addr/ipv4.js'
import { type Ipv6, ipv6OfBytes } from '#addr/ipv6.js'
import { macOfNumber } from '#addr/mac.js'
import { decodeEthernet, ethernetLength } from '#wire/ethernet.js'
import { protocolIcmpv6 } from '#wire/icmpv6.js'
import { decodeIpv4, ipv4Length } from '#wire/ipv4.js'
import { findIpv6Payload } from '#wire/ipv6.js'
import { decodeUdp, protocolUdp, udpHeaderBytes } from '#wire/udp.js'
import type { Description, Fact } from './description.js'
import { describeDhcpv4 } from './dhcpv4.js'
import { describeDhcpv6 } from './dhcpv6.js'
import { describeNdp } from './ndp.js'

/** A stretch of bytes. */
interface Span {
  readonly bytes: Uint8Array
  readonly at: number
  readonly length: number
}

/** The Ethernet frame for people: its addresses and those of its packet first. */
export function describeFrame(span: Span): Description {
  const { bytes, at, length } = span
  const header = decodeEthernet(bytes, at, length)
  if (header === undefined) return { what: 'no Ethernet frame', facts: [] }
  const size = ethernetLength(header)
  const { what, facts } = describePacket({ bytes, at: at + size, length: length - size })
  const link: readonly Fact[] = [
    ['from', macOfNumber(header.source)],
    ['to', macOfNumber(header.destination)],
    ...header.tags.map(({ id }): Fact => ['vlan', String(id)]),
  ]
  return { what, facts: [...link, ...facts] }
}

/** The IP packet for people; never throws, whatever a guest has sent. */
export function describePacket({ bytes, at, length }: Span): Description {
  const version = (bytes[at] ?? 0) >> 4
  if (version === 4) return describeIpv4({ bytes, at, length })
  if (version === 6) return describeIpv6({ bytes, at, length })
  return { what: 'no IP packet', facts: [] }
}

function describeIpv4({ bytes, at, length }: Span): Description {
  const header = decodeIpv4(bytes, at, length)
  if (header === undefined) return { what: 'malformed IPv4 packet', facts: [] }
  const from = ipv4OfNumber(header.source)
  const to = ipv4OfNumber(header.destination)
  const size = ipv4Length(header)
  const payload = { bytes, at: at + size, length: header.totalLength - size }
  if (header.isMoreFragments || header.fragmentOffsetBytes > 0)
    return { what: 'fragment', facts: addresses(from, to) }
  if (header.protocol !== protocolUdp)
    return { what: `IPv4 protocol ${header.protocol}`, facts: addresses(from, to) }
  return describeUdp(payload, { from, to, describe: describeDhcpv4 })
}

function describeIpv6({ bytes, at, length }: Span): Description {
  const payload = findIpv6Payload(bytes, at, length)
  if (payload === undefined) return { what: 'malformed IPv6 packet', facts: [] }
  const from = ipv6OfBytes(bytes, at + 8)
  const to = ipv6OfBytes(bytes, at + 24)
  if (payload.fragment !== 'none') return { what: 'fragment', facts: addresses(from, to) }
  if (payload.protocol === protocolUdp)
    return describeUdp({ bytes, ...payload }, { from, to, describe: describeDhcpv6 })
  const described =
    payload.protocol === protocolIcmpv6 ? describeNdp(bytes, payload.at, payload.length) : undefined
  const { what, facts } = described ?? { what: `IPv6 protocol ${payload.protocol}`, facts: [] }
  return { what, facts: [...addresses(from, to), ...facts] }
}

interface UdpContext {
  readonly from: Ipv4 | Ipv6
  readonly to: Ipv4 | Ipv6
  readonly describe: (bytes: Uint8Array, at: number, length: number) => Description | undefined
}

function describeUdp({ bytes, at, length }: Span, { from, to, describe }: UdpContext): Description {
  const udp = decodeUdp(bytes, at, length)
  if (udp === undefined) return { what: 'malformed UDP packet', facts: addresses(from, to) }
  const ends: readonly Fact[] = [
    ['ip-from', `${from}#${udp.sourcePort}`],
    ['ip-to', `${to}#${udp.destinationPort}`],
  ]
  const message = describe(bytes, at + udpHeaderBytes, udp.length - udpHeaderBytes)
  if (message === undefined) return { what: 'malformed DHCP message', facts: ends }
  return { what: message.what, facts: [...ends, ...message.facts] }
}

function addresses(from: Ipv4 | Ipv6, to: Ipv4 | Ipv6): readonly Fact[] {
  return [
    ['ip-from', from],
    ['ip-to', to],
  ]
}
