/**
 * Numbers in network byte order, at any offset. Plain indexing, because it is faster here than a DataView and needs none.
 * Every number is unsigned; bytes past the end read as 0, and writes past the end do nothing.
 */

/** The 16 bits at `at`. */
export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

/** The 32 bits at `at`, from 0 to 2^32 - 1. */
export function readU32(bytes: Uint8Array, at: number): number {
  return ((readU16(bytes, at) << 16) | readU16(bytes, at + 2)) >>> 0
}

/** The 48 bits at `at`, such as an Ethernet address (the number that `macNumber` gives). */
export function readU48(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at) * 0x1_0000_0000 + readU32(bytes, at + 2)
}

/** Writes 16 bits. @param value whole, below 2^16 */
export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

/** Writes 32 bits. @param value whole, below 2^32 */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Writes 48 bits. @param value whole, below 2^48 */
export function writeU48(bytes: Uint8Array, at: number, value: number): void {
  writeU16(bytes, at, Math.floor(value / 0x1_0000_0000))
  writeU32(bytes, at + 2, value >>> 0)
}

/** A stretch of bytes: from where, how many, and where to. */
export interface Stretch {
  readonly from: Uint8Array
  readonly fromAt: number
  readonly to: Uint8Array
  readonly toAt: number
  readonly length: number
}

/** Copies bytes one by one, which beats `subarray` and `set` for the short stretches of a packet (below some 60 bytes). */
export function copyBytes({ from, fromAt, to, toAt, length }: Stretch): void {
  for (let index = 0; index < length; index++) to[toAt + index] = from[fromAt + index] ?? 0
}

/** Whether two stretches hold the same bytes. */
export function areBytesEqual({ from, fromAt, to, toAt, length }: Stretch): boolean {
  for (let index = 0; index < length; index++) {
    if (from[fromAt + index] !== to[toAt + index]) return false
  }
  return true
}
