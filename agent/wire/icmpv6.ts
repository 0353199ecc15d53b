import { readU16, writeU16 } from './bytes.js'
import { finishChecksum, isSumValid, sumWords } from './checksum.js'

/** The header that every ICMPv6 message begins with (RFC 4443 §2.1). */
export interface Icmpv6Header {
  readonly type: number
  readonly code: number
  readonly checksum: number
}

/** Its number in IPv6's next header field. */
export const protocolIcmpv6 = 58

/** Bytes of the header. */
export const icmpv6HeaderBytes = 4

/** Where the checksum stands within the header. */
export const icmpv6ChecksumAt = 2

/** Types of neighbour discovery (RFC 4861 §4). */
export const icmpv6Type = {
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighbourSolicitation: 135,
  neighbourAdvertisement: 136,
} as const

/** The header at `at`; the checksum is not looked at. @returns undefined when it is cut off */
export function decodeIcmpv6(
  bytes: Uint8Array,
  at: number,
  length: number,
): Icmpv6Header | undefined {
  if (length < icmpv6HeaderBytes) return undefined
  return {
    type: bytes[at] ?? 0,
    code: bytes[at + 1] ?? 0,
    checksum: readU16(bytes, at + icmpv6ChecksumAt),
  }
}

/** Writes a header as it is, its checksum included ({@link writeIcmpv6Checksum} works one out). @returns bytes written */
export function encodeIcmpv6(header: Icmpv6Header, bytes: Uint8Array, at: number): number {
  bytes[at] = header.type
  bytes[at + 1] = header.code
  writeU16(bytes, at + icmpv6ChecksumAt, header.checksum)
  return icmpv6HeaderBytes
}

/** A message and the sum of its pseudo header. */
export interface Icmpv6Span {
  /** Bytes, header included. */
  readonly length: number
  /** Of `sumPseudoHeader6`. */
  readonly pseudoSum: number
}

/** Writes the checksum of the message at `at`, which stands there already (RFC 4443 §2.3). */
export function writeIcmpv6Checksum(
  bytes: Uint8Array,
  at: number,
  { length, pseudoSum }: Icmpv6Span,
): void {
  writeU16(bytes, at + icmpv6ChecksumAt, 0)
  writeU16(bytes, at + icmpv6ChecksumAt, finishChecksum(sumWords(bytes, at, length, pseudoSum)))
}

/** Whether the checksum of the message at `at` is right. */
export function isIcmpv6ChecksumValid(
  bytes: Uint8Array,
  at: number,
  { length, pseudoSum }: Icmpv6Span,
): boolean {
  return isSumValid(sumWords(bytes, at, length, pseudoSum))
}
