import { frame6FieldAt, frame6HeaderBytes } from '#responder/frame6.js'
import { isLinkLocal } from '#responder/nd/check.js'
import type { Outcome, Packet, ReplyKind, Slot } from '#responder/outcome.js'
import { areBytesEqual, copyBytes, readU16, writeU16 } from '#wire/bytes.js'
import { sumPseudoHeader6 } from '#wire/checksum.js'
import { dhcpv6HeaderBytes } from '#wire/dhcpv6/message.js'
import { dhcpv6Type } from '#wire/dhcpv6/option-code.js'
import { type Dhcpv6Request, readDhcpv6Request } from '#wire/dhcpv6/request.js'
import { type Ipv6Payload, ipv6FieldAt } from '#wire/ipv6.js'
import { isUdpChecksumValid, protocolUdp, udpHeaderBytes, writeUdpChecksum } from '#wire/udp.js'
import { type CompiledDhcpv6, replyHeadBytes } from './compile.js'
import { type Dhcpv6Answer, decideDhcpv6 } from './decide.js'
import type { ReplyDraft } from './reply.js'
import { writeReply } from './write.js'

/** All_DHCP_Relay_Agents_and_Servers, ff02::1:2 (RFC 9915 §7.1). */
const allServers = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2)

/**
 * Answers one DHCPv6 message of a client (RFC 9915 §18.3).
 *
 * The reply goes to the packet's source address and port 546. A relay's or a server's message is dropped: behind a tap
 * there is neither. Messages to a single address pass, except to our own, for RFC 9915 knows no unicast to servers.
 */
export function answerDhcpv6(
  compiled: CompiledDhcpv6,
  packet: Packet,
  { payload, slot }: { readonly payload: Ipv6Payload; readonly slot: Slot },
): Outcome {
  const { bytes, at } = packet
  const problem = checkDatagram(compiled, packet, payload)
  if (problem !== undefined) return problem
  const messageAt = payload.at + udpHeaderBytes
  const request = readDhcpv6Request(bytes, messageAt, payload.at + readU16(bytes, payload.at + 4))
  if (request === undefined) return { kind: 'drop', reason: 'malformed-dhcp' }
  const decision = decideDhcpv6(compiled, bytes, request)
  if (decision.kind === 'drop') return decision
  const sourceAt = at + ipv6FieldAt.source
  const length = writeFrame(compiled, { bytes, sourceAt, request, decision, slot })
  if (length === 0) return { kind: 'drop', reason: 'too-large' }
  return { kind: 'reply', what: replyKind(request, decision), length, verdict: 'drop' }
}

/** A DECLINE is counted by itself: somebody else uses the guest's address, and the administrator should know. */
function replyKind({ type }: Dhcpv6Request, decision: Dhcpv6Answer): ReplyKind {
  if (type === dhcpv6Type.decline) return 'dhcpv6-decline-reply'
  return decision.type === dhcpv6Type.advertise ? 'dhcpv6-advertise' : 'dhcpv6-reply'
}

/** @returns why the datagram is not answered; undefined when it is sound and for us */
function checkDatagram(
  { bytes: own }: CompiledDhcpv6,
  { bytes, at, isChecksumReady }: Packet,
  payload: Ipv6Payload,
): Outcome | undefined {
  const length = readU16(bytes, payload.at + 4)
  if (length < udpHeaderBytes || length > payload.length)
    return { kind: 'drop', reason: 'malformed-udp' }
  const destinationAt = at + ipv6FieldAt.destination
  if (!isAddress(allServers, 0, bytes, destinationAt)) {
    const isToUs = isAddress(own, frame6FieldAt.source, bytes, destinationAt)
    return isToUs ? { kind: 'drop', reason: 'not-a-request' } : { kind: 'pass', reason: 'not-ours' }
  }
  // clients send from link-local addresses (RFC 9915 §18.2): nobody else can ask on this link
  const sourceAt = at + ipv6FieldAt.source
  if (!isLinkLocal(bytes, sourceAt) || isAddress(own, frame6FieldAt.source, bytes, sourceAt))
    return { kind: 'drop', reason: 'wrong-source-address' }
  if (!isChecksumReady) return undefined
  const pseudoSum = sumPseudoHeader6({
    addresses: bytes,
    at: sourceAt,
    protocol: protocolUdp,
    length,
  })
  // over IPv6 there is no datagram without checksum (RFC 8200 §8.1)
  const isSound =
    readU16(bytes, payload.at + 6) !== 0 && isUdpChecksumValid(bytes, payload.at, pseudoSum)
  return isSound ? undefined : { kind: 'drop', reason: 'bad-checksum' }
}

interface FrameParts {
  /** The packet, and where its source address stands. */
  readonly bytes: Uint8Array
  readonly sourceAt: number
  readonly request: Dhcpv6Request
  readonly decision: Dhcpv6Answer
  readonly slot: Slot
}

/** Writes the whole frame. @returns its length; 0 when it fits neither the slot nor the tap */
function writeFrame(
  compiled: CompiledDhcpv6,
  { bytes, sourceAt, request, decision, slot }: FrameParts,
): number {
  const { bytes: to, at } = slot
  const maxBytes = Math.min(slot.size, compiled.maxFrameBytes)
  if (maxBytes < replyHeadBytes + dhcpv6HeaderBytes) return 0
  copyBytes({ from: compiled.bytes, fromAt: 0, to, toAt: at, length: replyHeadBytes })
  const toAt = at + frame6FieldAt.destination
  copyBytes({ from: bytes, fromAt: sourceAt, to, toAt, length: 16 })
  const draft: ReplyDraft = {
    bytes: to,
    at: at + replyHeadBytes,
    end: at + maxBytes,
    isOverfull: false,
  }
  writeReply(draft, compiled, { bytes, request, decision })
  if (draft.isOverfull) return 0
  const udpAt = at + frame6HeaderBytes
  const length = draft.at - udpAt
  writeU16(to, at + frame6FieldAt.payloadLength, length)
  writeU16(to, udpAt + 4, length)
  const pseudoSum = sumPseudoHeader6({
    addresses: to,
    at: at + frame6FieldAt.source,
    protocol: protocolUdp,
    length,
  })
  writeUdpChecksum(to, udpAt, pseudoSum)
  return draft.at - at
}

function isAddress(from: Uint8Array, fromAt: number, bytes: Uint8Array, at: number): boolean {
  return areBytesEqual({ from, fromAt, to: bytes, toAt: at, length: 16 })
}
