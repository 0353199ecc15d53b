import type { DropReason, Outcome, Packet } from '#responder/outcome.js'
import { sumPseudoHeader6 } from '#wire/checksum.js'
import { isIcmpv6ChecksumValid, protocolIcmpv6 } from '#wire/icmpv6.js'
import { type Ipv6Payload, ipv6FieldAt } from '#wire/ipv6.js'
import { ndpOptionType } from '#wire/ndp/option.js'

/** A packet that is dropped, for each reason. */
export const dropped = {
  malformed: drop('malformed-nd'),
  checksum: drop('bad-checksum'),
  hopLimit: drop('wrong-hop-limit'),
  source: drop('wrong-source-address'),
  fragment: drop('fragment'),
  tooLarge: drop('too-large'),
} as const

/** A packet and where its ICMPv6 message stands. */
export interface NdPacket {
  readonly packet: Packet
  readonly payload: Ipv6Payload
  /** Bytes of the message before its options. */
  readonly fixedBytes: number
}

/**
 * The checks that every solicitation must stand (RFC 4861 §6.1.1 and §7.1.1, RFC 6980 §5).
 * @returns why it is dropped; undefined when it is sound
 */
export function checkSolicitation({ packet, payload, fixedBytes }: NdPacket): Outcome | undefined {
  const { bytes, at } = packet
  if (payload.fragment !== 'none') return dropped.fragment
  // it came from this very link (RFC 4861 §6.1.1): routers lower the limit
  if (bytes[at + ipv6FieldAt.hopLimit] !== 255) return dropped.hopLimit
  if (payload.length < fixedBytes || bytes[payload.at + 1] !== 0) return dropped.malformed
  if (!isSourceUsable(bytes, at + ipv6FieldAt.source)) return dropped.source
  const options = checkOptions(bytes, payload.at + fixedBytes, payload.at + payload.length)
  if (options === 'malformed') return dropped.malformed
  if (options === 'with-source' && isUnspecified(bytes, at + ipv6FieldAt.source))
    return dropped.malformed
  return packet.isChecksumReady && !hasValidChecksum(packet, payload) ? dropped.checksum : undefined
}

/** Whether the sixteen bytes are `::`. */
export function isUnspecified(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < 16; index++) if (bytes[at + index] !== 0) return false
  return true
}

/** Whether the address is link-local (RFC 4291 §2.5.6). */
export function isLinkLocal(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xfe && ((bytes[at + 1] ?? 0) & 0xc0) === 0x80
}

/** No packet comes from a group or from the loopback address (RFC 4291 §2.5.3, §2.7). */
function isSourceUsable(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === 0xff) return false
  if (bytes[at + 15] !== 1) return true
  for (let index = 0; index < 15; index++) if (bytes[at + index] !== 0) return true
  return false
}

/** Every option has a length, and whether one of them is the source's hardware address. */
function checkOptions(
  bytes: Uint8Array,
  at: number,
  end: number,
): 'malformed' | 'with-source' | 'without-source' {
  let found: 'with-source' | 'without-source' = 'without-source'
  for (let next = at; next < end; ) {
    const size = next + 1 < end ? (bytes[next + 1] ?? 0) * 8 : 0
    if (size === 0 || next + size > end) return 'malformed'
    if (bytes[next] === ndpOptionType.sourceLinkLayerAddress) found = 'with-source'
    next += size
  }
  return found
}

function hasValidChecksum({ bytes, at }: Packet, payload: Ipv6Payload): boolean {
  const { length } = payload
  const pseudoSum = sumPseudoHeader6({
    addresses: bytes,
    at: at + ipv6FieldAt.source,
    protocol: protocolIcmpv6,
    length,
  })
  return isIcmpv6ChecksumValid(bytes, payload.at, { length, pseudoSum })
}

function drop(reason: DropReason): Outcome {
  return { kind: 'drop', reason }
}
