import type { Ipv6 } from '#addr/ipv6.js'
import { parseIpv6 } from '#addr/ipv6.js'
import { macNumber, parseMac } from '#addr/mac.js'
import type { Packet } from '#responder/outcome.js'
import { sumPseudoHeader6 } from '#wire/checksum.js'
import { type Dhcpv6Message, encodeDhcpv6 } from '#wire/dhcpv6/message.js'
import { encodeEthernet } from '#wire/ethernet.js'
import { protocolIcmpv6, writeIcmpv6Checksum } from '#wire/icmpv6.js'
import { encodeIpv6, type Ipv6Extension } from '#wire/ipv6.js'
import { encodeNdp, type NdpMessage } from '#wire/ndp/message.js'
import { encodeUdp, protocolUdp, writeUdpChecksum } from '#wire/udp.js'

/** The address that a text names; a test that names none is wrong. */
export function ip6(text: string): Ipv6 {
  const address = parseIpv6(text)
  if (address === undefined) throw new Error(`no address: ${text}`)
  return address
}

/** The number of the Ethernet address that a text names. */
export function macNo(text: string): number {
  const mac = parseMac(text)
  if (mac === undefined) throw new Error(`no address: ${text}`)
  return macNumber(mac)
}

/** Where a guest's frame goes and how; everything has a default. */
export interface FrameWish {
  readonly sourceMac?: string
  readonly source?: string
  readonly destination?: string
  readonly hopLimit?: number
  readonly extensions?: readonly Ipv6Extension[]
}

/** A guest's frame around a message of neighbour discovery. */
export function ndFrame(message: NdpMessage, wish: FrameWish = {}): Uint8Array {
  const payload = new Uint8Array(1500)
  const length = encodeNdp(message, payload, 0)
  const bytes = frameAround(payload.subarray(0, length), {
    destination: message.kind === 'router-solicitation' ? 'ff02::2' : 'ff02::1:ff00:1',
    ...wish,
    protocol: protocolIcmpv6,
  })
  sealIcmpv6(bytes, length)
  return bytes
}

/** A guest's frame around a DHCPv6 message. */
export function dhcpv6Frame(message: Dhcpv6Message, wish: FrameWish = {}): Uint8Array {
  const payload = new Uint8Array(1500)
  const length = 8 + encodeDhcpv6(message, payload, 8)
  encodeUdp({ sourcePort: 546, destinationPort: 547, length, checksum: 0 }, payload, 0)
  const bytes = frameAround(payload.subarray(0, length), {
    destination: 'ff02::1:2',
    hopLimit: 1,
    ...wish,
    protocol: protocolUdp,
  })
  const pseudo = { addresses: bytes, at: 22, protocol: protocolUdp, length }
  writeUdpChecksum(bytes, bytes.length - length, sumPseudoHeader6(pseudo))
  return bytes
}

/** Works out the checksum of the ICMPv6 message that ends a frame. */
export function sealIcmpv6(bytes: Uint8Array, length: number): void {
  const pseudoSum = sumPseudoHeader6({
    addresses: bytes,
    at: 22,
    protocol: protocolIcmpv6,
    length,
  })
  writeIcmpv6Checksum(bytes, bytes.length - length, { length, pseudoSum })
}

/** The frame as the kernel hands it over. */
export function packetOf(bytes: Uint8Array, isChecksumReady = true): Packet {
  return {
    bytes,
    at: 14,
    length: bytes.length - 14,
    sourceMac: macNo('aa:00:00:12:34:56'),
    isChecksumReady,
  }
}

function frameAround(
  payload: Uint8Array,
  {
    sourceMac = 'aa:00:00:12:34:56',
    source = 'fe80::a800:ff:fe12:3456',
    destination = 'ff02::1',
    hopLimit = 255,
    extensions = [],
    protocol,
  }: FrameWish & { readonly protocol: number },
): Uint8Array {
  const bytes = new Uint8Array(2000)
  const addresses = { destination: macNo('33:33:00:00:00:01'), source: macNo(sourceMac) }
  const at = encodeEthernet({ ...addresses, tags: [], type: 0x86dd }, bytes, 0)
  const headerBytes = encodeIpv6(
    {
      trafficClass: 0,
      flowLabel: 0,
      hopLimit,
      source: ip6(source),
      destination: ip6(destination),
      extensions,
      protocol,
      payloadLength: payload.length,
    },
    bytes,
    at,
  )
  bytes.set(payload, at + headerBytes)
  return bytes.slice(0, at + headerBytes + payload.length)
}
