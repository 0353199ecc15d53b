import type { BootRule } from '#binding/service.js'
import type { Slot } from '#responder/outcome.js'
import { areBytesEqual, writeU16, writeU32, writeU48 } from '#wire/bytes.js'
import { finishChecksum, finishUdpChecksum, sumU32, sumU48 } from '#wire/checksum.js'
import { dhcpFieldAt } from '#wire/dhcpv4/layout.js'
import type { Dhcpv4Request } from '#wire/dhcpv4/request.js'
import { ipv4FieldAt } from '#wire/ipv4.js'
import { udpChecksumAt } from '#wire/udp.js'
import { type BootClient, bootClientOf } from './boot.js'
import type { CompiledDhcpv4 } from './compile.js'
import { replyAt } from './compose.js'
import type { ReplyDecision } from './decide.js'
import { envelopeOf } from './envelope.js'
import { fqdnFlags } from './fqdn.js'
import type { ReplyPlan } from './reply-options.js'

/**
 * An answer as it was built once, to be sent again: a cache of `writeReply` and nothing else. Beside it stands all that
 * it was built from and that may differ from one request to the next, but for what is written anew each time: the envelope,
 * and what is the NIC's or the client's own. So thousands of NICs of one network share it.
 */
export interface ReplyTemplate {
  /** What it answered first; an OFFER serves as the ACK that follows it, for they differ in what the envelope holds only. */
  readonly decision: ReplyDecision
  readonly boot: BootRule | undefined
  readonly bootClient: BootClient
  readonly maximumMessageSize: number
  readonly fqdnFlags: number
  readonly hostnameLength: number
  readonly parameterListLength: number
  readonly clientIdLength: number
  readonly relayInfoLength: number
  readonly frameLength: number
  /** The frame; behind it option 55 as the client sent it. */
  readonly bytes: Uint8Array
  readonly own: OwnPlaces
  /** Sums of the IPv4 header, and of UDP with its pseudo header, without what is written anew. */
  readonly ipSum: number
  readonly udpSum: number
}

/** Where a NIC's and a client's own words stand in a frame; 0 where they are not told. */
export interface OwnPlaces {
  /** In option 12, and within option 81. */
  readonly hostnameAt: number
  readonly fqdnAt: number
  /** Options 61 and 82, sent back as they came. */
  readonly clientIdAt: number
  readonly relayInfoAt: number
}

/** What an answer is made of besides its template. */
export interface AnswerParts {
  readonly compiled: CompiledDhcpv4
  readonly request: Dhcpv4Request
  readonly decision: ReplyDecision
}

/** Whether a template was built from the same as this answer would be, as far as it matters. */
export function isFitting(
  template: ReplyTemplate,
  { compiled, request }: Pick<AnswerParts, 'compiled' | 'request'>,
  { decision, boot }: ReplyPlan,
): boolean {
  const { parameterListLength: length } = template
  return (
    isAlike(template.decision, decision) &&
    template.boot === boot &&
    template.maximumMessageSize === request.maximumMessageSize &&
    template.hostnameLength === compiled.hostname.length &&
    template.clientIdLength === request.clientIdLength &&
    template.relayInfoLength === request.relayInfoLength &&
    template.fqdnFlags === fqdnFlags(request) &&
    (boot === undefined || template.bootClient === bootClientOf(request)) &&
    length === request.parameterListLength &&
    areBytesEqual({
      from: request.source,
      fromAt: request.parameterListAt,
      to: template.bytes,
      toAt: template.frameLength,
      length,
    })
  )
}

/** Writes an answer's frame. @returns bytes written; 0 when the slot is too small */
export function writeTemplate(template: ReplyTemplate, parts: AnswerParts, slot: Slot): number {
  const { bytes, frameLength } = template
  const { bytes: to, at, size } = slot
  if (frameLength > size) return 0
  // what stands behind the frame does no harm there, and leaving it out costs a view on the array
  to.set(bytes.length <= size ? bytes : bytes.subarray(0, frameLength), at)
  const { compiled, request, decision } = parts
  const { mac } = compiled
  const envelope = envelopeOf(compiled, request, decision)
  const { destination, destinationPort, xid, flags, ciaddr, yiaddr, giaddr } = envelope
  writeU48(to, at, envelope.destinationMac)
  writeU48(to, at + 6, compiled.sourceMac)
  const ip = at + replyAt.ip
  writeU32(to, ip + ipv4FieldAt.destination, destination)
  const destinationSum = sumU32(destination)
  writeU16(to, ip + ipv4FieldAt.checksum, finishChecksum(template.ipSum + destinationSum))
  const udp = at + replyAt.udp
  writeU16(to, udp + udpPortAt, destinationPort)
  const message = at + replyAt.message
  writeU32(to, message + dhcpFieldAt.xid, xid)
  writeU16(to, message + dhcpFieldAt.flags, flags)
  writeU32(to, message + dhcpFieldAt.ciaddr, ciaddr)
  writeU32(to, message + dhcpFieldAt.yiaddr, yiaddr)
  writeU32(to, message + dhcpFieldAt.giaddr, giaddr)
  writeU48(to, message + dhcpFieldAt.chaddr, mac)
  let sum = template.udpSum + destinationSum + destinationPort + flags
  sum += sumU32(xid) + sumU32(ciaddr) + sumU32(yiaddr) + sumU32(giaddr) + sumU48(mac)
  if (envelope.messageType !== 0) {
    to[message + messageTypeAt] = envelope.messageType
    sum += envelope.messageType << 8
  }
  sum += writeOwn(template, parts, slot)
  writeU16(to, udp + udpChecksumAt, finishUdpChecksum(sum))
  return frameLength
}

/** Where the value of option 53 stands, which is the first one: a high byte of a word, as checksums count them. */
export const messageTypeAt: number = dhcpFieldAt.options + 2

/** Where UDP's destination port stands. */
export const udpPortAt = 2

/** Writes what is the NIC's and the client's own. @returns its part of the checksum's sum */
function writeOwn(
  { own, clientIdLength, relayInfoLength }: ReplyTemplate,
  { compiled, request }: AnswerParts,
  { bytes: to, at }: Slot,
): number {
  const { hostnameAt, fqdnAt, clientIdAt, relayInfoAt } = own
  const { source: from } = request
  let sum = 0
  if (hostnameAt !== 0) sum += writeName(compiled.hostname, to, at, hostnameAt)
  if (fqdnAt !== 0) sum += writeName(compiled.hostname, to, at, fqdnAt)
  for (let index = 0; clientIdAt !== 0 && index < clientIdLength; index++) {
    const byte = from[request.clientIdAt + index] ?? 0
    to[at + clientIdAt + index] = byte
    sum += weighed(byte, clientIdAt + index)
  }
  for (let index = 0; relayInfoAt !== 0 && index < relayInfoLength; index++) {
    const byte = from[request.relayInfoAt + index] ?? 0
    to[at + relayInfoAt + index] = byte
    sum += weighed(byte, relayInfoAt + index)
  }
  return sum
}

/** Writes a name into the frame that begins at `at`. @returns its part of the checksum's sum */
function writeName(name: string, to: Uint8Array, at: number, nameAt: number): number {
  let sum = 0
  for (let index = 0; index < name.length; index++) {
    const byte = name.charCodeAt(index) & 0xff
    to[at + nameAt + index] = byte
    sum += weighed(byte, nameAt + index)
  }
  return sum
}

/** What a byte of the frame adds to a sum: UDP begins at an even distance, and each word with its high byte. */
function weighed(byte: number, frameAt: number): number {
  return frameAt & 1 ? byte : byte << 8
}

/** Whether two decisions give the same answer but for its type: a lease that is offered, and the same one given. */
function isAlike(a: ReplyDecision, b: ReplyDecision): boolean {
  return a === b || (isPlainLease(a) && isPlainLease(b))
}

function isPlainLease({ what, isRapid, isV6Only }: ReplyDecision): boolean {
  return (what === 'offer' || what === 'ack') && !isRapid && !isV6Only
}
