import { writeU48 } from '#wire/bytes.js'
import { sumPseudoHeader4 } from '#wire/checksum.js'
import { bootReply, dhcpServerPort, dhcpSize, hardwareEthernet } from '#wire/dhcpv4/layout.js'
import { type Dhcpv4Message, encodeDhcpv4 } from '#wire/dhcpv4/message.js'
import type { Dhcpv4Request } from '#wire/dhcpv4/request.js'
import { encodeEthernet, ethernetHeaderBytes, etherTypeIpv4 } from '#wire/ethernet.js'
import { encodeIpv4, ipv4HeaderBytes } from '#wire/ipv4.js'
import { encodeUdp, protocolUdp, udpHeaderBytes, writeUdpChecksum } from '#wire/udp.js'
import { bootServerNumber } from './boot.js'
import type { CompiledDhcpv4 } from './compile.js'
import { type Envelope, envelopeOf } from './envelope.js'
import { textBytes } from './option-values.js'
import { type ReplyPlan, replyOptions } from './reply-options.js'

/** Where the parts of an answer's frame stand: Ethernet without tag, IPv4 without options, UDP, the message. */
export const replyAt = {
  ip: ethernetHeaderBytes,
  udp: ethernetHeaderBytes + ipv4HeaderBytes,
  message: ethernetHeaderBytes + ipv4HeaderBytes + udpHeaderBytes,
} as const

/** A whole answer as a value. */
export interface Dhcpv4Reply {
  readonly envelope: Envelope
  readonly message: Dhcpv4Message
  /** The message may have this many bytes. */
  readonly maxBytes: number
}

/** What is answered to a request (RFC 2131 §4.3.1, table 3). */
export function composeReply(
  compiled: CompiledDhcpv4,
  request: Dhcpv4Request,
  plan: ReplyPlan,
): Dhcpv4Reply {
  const { decision } = plan
  const boot = decision.what === 'nak' ? undefined : plan.boot
  const envelope = envelopeOf(compiled, request, decision)
  const { xid, flags, ciaddr, yiaddr, giaddr } = envelope
  return {
    envelope,
    maxBytes: maxMessageBytes(compiled, request),
    message: {
      op: bootReply,
      htype: hardwareEthernet,
      hlen: 6,
      hops: 0,
      xid,
      secs: 0,
      flags,
      ciaddr,
      yiaddr,
      siaddr: boot === undefined ? 0 : bootServerNumber(boot),
      giaddr,
      chaddr: hardwareAddress(compiled),
      sname: new Uint8Array(0),
      file: boot === undefined ? new Uint8Array(0) : bootFileField(boot.file),
      options: replyOptions(compiled, request, plan),
    },
  }
}

/** Writes the frame of an answer, with its checksums. @returns bytes written */
export function writeReply(
  compiled: CompiledDhcpv4,
  { envelope, message, maxBytes }: Dhcpv4Reply,
  bytes: Uint8Array,
  at: number,
): number {
  const { destinationMac, destination, destinationPort } = envelope
  const messageBytes = encodeDhcpv4(message, bytes, at + replyAt.message, maxBytes)
  const length = udpHeaderBytes + messageBytes
  const source = compiled.network.serverId
  encodeEthernet(
    {
      destination: destinationMac,
      source: compiled.sourceMac,
      tags: [],
      type: etherTypeIpv4,
    },
    bytes,
    at,
  )
  encodeIpv4(
    {
      trafficClass: networkControl,
      totalLength: ipv4HeaderBytes + length,
      // an identification means nothing in what is never fragmented (RFC 6864 §4.1)
      identification: 0,
      isDontFragment: true,
      isMoreFragments: false,
      fragmentOffsetBytes: 0,
      timeToLive: 64,
      protocol: protocolUdp,
      source,
      destination,
      options: new Uint8Array(0),
    },
    bytes,
    at + replyAt.ip,
  )
  encodeUdp(
    { sourcePort: dhcpServerPort, destinationPort, length, checksum: 0 },
    bytes,
    at + replyAt.udp,
  )
  const pseudoSum = sumPseudoHeader4({ source, destination, protocol: protocolUdp, length })
  writeUdpChecksum(bytes, at + replyAt.udp, pseudoSum)
  return replyAt.message + messageBytes
}

/** DSCP CS6 (RFC 4594 §3.2). */
const networkControl = 0xc0

const ipAndUdpBytes = ipv4HeaderBytes + udpHeaderBytes

/**
 * As much as the client takes (option 57 counts IP and UDP headers, as all servers read it), the link carries, and a
 * BOOTP answer may have (RFC 1534 §2).
 */
function maxMessageBytes(
  { network: { maxPacketBytes } }: CompiledDhcpv4,
  { messageType, maximumMessageSize }: Dhcpv4Request,
): number {
  if (messageType === 0) return dhcpSize.bootp
  const wanted = Math.max(dhcpSize.smallestMaximum, maximumMessageSize)
  return Math.max(dhcpSize.smallestMaximum, Math.min(wanted, maxPacketBytes)) - ipAndUdpBytes
}

function hardwareAddress({ mac }: CompiledDhcpv4): Uint8Array {
  const chaddr = new Uint8Array(dhcpSize.chaddr)
  writeU48(chaddr, 0, mac)
  return chaddr
}

/** A path that is too long with the zero that ends it goes out as option 67 only. */
function bootFileField(file: string): Uint8Array {
  return file.length < dhcpSize.file ? textBytes(file) : new Uint8Array(0)
}
