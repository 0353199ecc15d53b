import { ipv4Number, parseIpv4 } from '#addr/ipv4.js'
import { parseIpv6 } from '#addr/ipv6.js'
import { macBytes, macNumber, parseMac } from '#addr/mac.js'
import { writeU32 } from '#wire/bytes.js'
import { sumPseudoHeader4, sumPseudoHeader6 } from '#wire/checksum.js'
import { dhcpMessageType, dhcpOption } from '#wire/dhcpv4/codes.js'
import { encodeDhcpv4 } from '#wire/dhcpv4/message.js'
import { encodeDhcpv6 } from '#wire/dhcpv6/message.js'
import type { Dhcpv6Option } from '#wire/dhcpv6/option.js'
import { dhcpv6Port } from '#wire/dhcpv6/option-code.js'
import { encodeEthernet, etherTypeIpv4, etherTypeIpv6 } from '#wire/ethernet.js'
import { protocolIcmpv6, writeIcmpv6Checksum } from '#wire/icmpv6.js'
import { encodeIpv4, ipv4HeaderBytes } from '#wire/ipv4.js'
import { encodeIpv6, ipv6HeaderBytes } from '#wire/ipv6.js'
import { encodeNdp, type NdpMessage } from '#wire/ndp/message.js'
import { encodeUdp, protocolUdp, udpHeaderBytes, writeUdpChecksum } from '#wire/udp.js'

/** A DHCPv4 request as any program could send it. Whatever is not said is as an honest client without address has it. */
export interface DhcpRequest {
  readonly type: keyof typeof dhcpMessageType
  readonly xid: number
  /** Ethernet source. */
  readonly source: string
  /** Field chaddr; else the Ethernet source. */
  readonly chaddr?: string
  /** Source of the packet, and field ciaddr. */
  readonly sourceIp?: string
  readonly ciaddr?: string
  /** Options 50, 54 and 61 (with type 1 in front). */
  readonly requested?: string
  readonly serverId?: string
  readonly clientId?: string
}

const bytesOfIp = (text: string): Uint8Array => {
  const bytes = new Uint8Array(4)
  writeU32(bytes, 0, ip(text))
  return bytes
}

/** A broadcast frame with the request; the answer is asked for by broadcast too, so that any socket hears it. */
export function dhcpFrame(request: DhcpRequest): Uint8Array {
  const { type, xid, source, sourceIp = '0.0.0.0', ciaddr = '0.0.0.0' } = request
  const chaddr = new Uint8Array(16)
  chaddr.set(macBytes(mac(request.chaddr ?? source)))
  const { requested, serverId, clientId } = request
  const options = [
    { code: dhcpOption.messageType, value: Uint8Array.of(dhcpMessageType[type]) },
    ...(requested ? [{ code: dhcpOption.requestedAddress, value: bytesOfIp(requested) }] : []),
    ...(serverId ? [{ code: dhcpOption.serverIdentifier, value: bytesOfIp(serverId) }] : []),
    ...(clientId
      ? [{ code: dhcpOption.clientIdentifier, value: Uint8Array.of(1, ...macBytes(mac(clientId))) }]
      : []),
    { code: dhcpOption.parameterRequestList, value: Uint8Array.of(1, 3, 6, 12, 15, 26, 42, 121) },
  ]
  const bytes = new Uint8Array(600)
  const udpAt = 14 + ipv4HeaderBytes
  const size = encodeDhcpv4(
    {
      ...{ op: 1, htype: 1, hlen: 6, hops: 0, xid, secs: 0, flags: 0x8000 },
      ...{ ciaddr: ip(ciaddr), yiaddr: 0, siaddr: 0, giaddr: 0, chaddr },
      ...{ sname: new Uint8Array(0), file: new Uint8Array(0), options },
    },
    bytes,
    udpAt + udpHeaderBytes,
    400,
  )
  const addresses = { source: ip(sourceIp), destination: 0xffff_ffff }
  const length = size + udpHeaderBytes
  encodeEthernet(
    {
      destination: 0xffff_ffff_ffff,
      source: macNumber(mac(source)),
      tags: [],
      type: etherTypeIpv4,
    },
    bytes,
    0,
  )
  encodeIpv4(
    {
      ...addresses,
      ...{ trafficClass: 0, totalLength: ipv4HeaderBytes + length, identification: 0 },
      ...{ isDontFragment: false, isMoreFragments: false, fragmentOffsetBytes: 0 },
      ...{ timeToLive: 64, protocol: protocolUdp, options: new Uint8Array(0) },
    },
    bytes,
    14,
  )
  encodeUdp({ sourcePort: 68, destinationPort: 67, length, checksum: 0 }, bytes, udpAt)
  const pseudoSum = sumPseudoHeader4({ ...addresses, protocol: protocolUdp, length })
  writeUdpChecksum(bytes, udpAt, pseudoSum)
  return bytes.slice(0, udpAt + length)
}

/** Between whom an IPv6 packet goes: hardware and Internet addresses. */
export interface Ipv6Ends {
  readonly source: string
  readonly destination: string
  readonly sourceIp: string
  readonly destinationIp: string
}

/** A frame with a message of neighbour discovery. */
export function ndpFrame(ends: Ipv6Ends, message: NdpMessage): Uint8Array {
  const body = new Uint8Array(200)
  const length = encodeNdp(message, body, 0)
  const bytes = ipv6Frame(ends, { hopLimit: 255, protocol: protocolIcmpv6, length })
  const at = 14 + ipv6HeaderBytes
  bytes.set(body.subarray(0, length), at)
  const pseudoSum = pseudoSumOf(bytes, protocolIcmpv6, length)
  writeIcmpv6Checksum(bytes, at, { length, pseudoSum })
  return bytes
}

/** A frame with a DHCPv6 message of a client. */
export function dhcpv6Frame(
  ends: Ipv6Ends,
  { type, options }: { readonly type: number; readonly options: readonly Dhcpv6Option[] },
): Uint8Array {
  const body = new Uint8Array(400)
  const length = udpHeaderBytes + encodeDhcpv6({ type, transactionId: 0x123456, options }, body, 0)
  const bytes = ipv6Frame(ends, { hopLimit: 1, protocol: protocolUdp, length })
  const at = 14 + ipv6HeaderBytes
  const { client: sourcePort, server: destinationPort } = dhcpv6Port
  encodeUdp({ sourcePort, destinationPort, length, checksum: 0 }, bytes, at)
  bytes.set(body.subarray(0, length - udpHeaderBytes), at + udpHeaderBytes)
  writeUdpChecksum(bytes, at, pseudoSumOf(bytes, protocolUdp, length))
  return bytes
}

function ipv6Frame(
  { source, destination, sourceIp, destinationIp }: Ipv6Ends,
  {
    hopLimit,
    protocol,
    length,
  }: { readonly hopLimit: number; readonly protocol: number; readonly length: number },
): Uint8Array {
  const bytes = new Uint8Array(14 + ipv6HeaderBytes + length)
  const macs = { destination: macNumber(mac(destination)), source: macNumber(mac(source)) }
  encodeEthernet({ ...macs, tags: [], type: etherTypeIpv6 }, bytes, 0)
  encodeIpv6(
    {
      ...{ trafficClass: 0, flowLabel: 0, hopLimit, extensions: [], protocol },
      ...{ payloadLength: length, source: ip6(sourceIp), destination: ip6(destinationIp) },
    },
    bytes,
    14,
  )
  return bytes
}

function pseudoSumOf(bytes: Uint8Array, protocol: number, length: number): number {
  return sumPseudoHeader6({ addresses: bytes, at: 14 + 8, protocol, length })
}

function ip(text: string): number {
  const address = parseIpv4(text)
  if (address === undefined) throw new Error(`${text} is no address`)
  return ipv4Number(address)
}

function ip6(text: string): NonNullable<ReturnType<typeof parseIpv6>> {
  const address = parseIpv6(text)
  if (address === undefined) throw new Error(`${text} is no address`)
  return address
}

function mac(text: string): NonNullable<ReturnType<typeof parseMac>> {
  const address = parseMac(text)
  if (address === undefined) throw new Error(`${text} is no hardware address`)
  return address
}
