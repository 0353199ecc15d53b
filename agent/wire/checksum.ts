/**
 * The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit words.
 *
 * Sums are kept unfolded, as plain numbers, so that they can be added in any order: the sum of a template, of its changed
 * words and of the pseudo header together give the checksum of the packet. A sum of a whole 64 KiB packet and its pseudo
 * header stays below 2^32.
 */

/**
 * Adds the 16-bit words of a stretch to a sum; an odd last byte counts as the first of a word (RFC 1071 §1).
 * The stretch must begin at an even distance from the start of what the checksum covers.
 * @returns the sum, not folded
 */
export function sumWords(bytes: Uint8Array, at: number, length: number, initial: number): number {
  const evenEnd = at + (length & ~1)
  const unrolledEnd = at + (length & ~7)
  // high and low bytes by themselves, four words a turn: sums of bytes stay small integers, which makes this half as long
  let high = 0
  let low = 0
  let index = at
  for (; index < unrolledEnd; index += 8) {
    high += byteAt(bytes, index) + byteAt(bytes, index + 2)
    low += byteAt(bytes, index + 1) + byteAt(bytes, index + 3)
    high += byteAt(bytes, index + 4) + byteAt(bytes, index + 6)
    low += byteAt(bytes, index + 5) + byteAt(bytes, index + 7)
  }
  for (; index < evenEnd; index += 2) {
    high += byteAt(bytes, index)
    low += byteAt(bytes, index + 1)
  }
  if (length & 1) high += byteAt(bytes, evenEnd)
  return initial + high * 256 + low
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}

/** What a 32-bit number at an even distance adds to a sum. */
export function sumU32(value: number): number {
  return (value >>> 16) + (value & 0xffff)
}

/** What a 48-bit number at an even distance adds to a sum. */
export function sumU48(value: number): number {
  return Math.floor(value / 0x1_0000_0000) + sumU32(value >>> 0)
}

/** The checksum field that belongs to a sum (which was taken with the field 0): from 0 to 0xffff. */
export function finishChecksum(sum: number): number {
  return ~foldSum(sum) & 0xffff
}

/**
 * The checksum field of UDP: never 0, which would say that there is none (RFC 768; RFC 8200 §8.1).
 */
export function finishUdpChecksum(sum: number): number {
  return finishChecksum(sum) || 0xffff
}

/** Whether a sum that includes the received checksum field says that nothing was changed on the way. */
export function isSumValid(sum: number): boolean {
  return foldSum(sum) === 0xffff
}

/**
 * The sum of the IPv4 pseudo header (RFC 768).
 * @param options.length of the transport header and its payload, bytes
 */
export function sumPseudoHeader4({
  source,
  destination,
  protocol,
  length,
}: {
  readonly source: number
  readonly destination: number
  readonly protocol: number
  readonly length: number
}): number {
  return sumU32(source) + sumU32(destination) + protocol + length
}

/**
 * The sum of the IPv6 pseudo header (RFC 8200 §8.1).
 * @param options.addresses holds source and destination, sixteen bytes each, one after the other, as the IPv6 header does
 * @param options.at where they begin
 * @param options.length of the transport header and its payload, bytes
 */
export function sumPseudoHeader6({
  addresses,
  at,
  protocol,
  length,
}: {
  readonly addresses: Uint8Array
  readonly at: number
  readonly protocol: number
  readonly length: number
}): number {
  return sumWords(addresses, at, 32, protocol + sumU32(length))
}

/** The sum as 16 bits: carries added back in (RFC 1071 §2). @param sum below 2^32 */
function foldSum(sum: number): number {
  const once = (sum >>> 16) + (sum & 0xffff)
  return (once >>> 16) + (once & 0xffff)
}
