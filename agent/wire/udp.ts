import { readU16, writeU16 } from './bytes.js'
import { finishUdpChecksum, isSumValid, sumWords } from './checksum.js'

/** A UDP header (RFC 768). */
export interface UdpHeader {
  readonly sourcePort: number
  readonly destinationPort: number
  /** Of header and payload, bytes; 8 to 65535. */
  readonly length: number
  /** 0 for none. */
  readonly checksum: number
}

/** Bytes of the header. */
export const udpHeaderBytes = 8

/** Its number in IPv4's protocol and IPv6's next header field. */
export const protocolUdp = 17

/** Where the checksum stands within the header. */
export const udpChecksumAt = 6

/**
 * The header at `at`; the checksum is not looked at.
 * @param length bytes from there on; more than the header's own length is padding
 * @returns undefined when header or payload are cut off
 */
export function decodeUdp(bytes: Uint8Array, at: number, length: number): UdpHeader | undefined {
  if (length < udpHeaderBytes) return undefined
  const ownLength = readU16(bytes, at + 4)
  if (ownLength < udpHeaderBytes || ownLength > length) return undefined
  return {
    sourcePort: readU16(bytes, at),
    destinationPort: readU16(bytes, at + 2),
    length: ownLength,
    checksum: readU16(bytes, at + udpChecksumAt),
  }
}

/** Writes a header as it is, its checksum included ({@link writeUdpChecksum} works one out). @returns bytes written */
export function encodeUdp(header: UdpHeader, bytes: Uint8Array, at: number): number {
  writeU16(bytes, at, header.sourcePort)
  writeU16(bytes, at + 2, header.destinationPort)
  writeU16(bytes, at + 4, header.length)
  writeU16(bytes, at + udpChecksumAt, header.checksum)
  return udpHeaderBytes
}

/**
 * Writes the checksum of the datagram at `at`, whose header and payload stand there already.
 * @param pseudoSum of `sumPseudoHeader4` or `sumPseudoHeader6`
 */
export function writeUdpChecksum(bytes: Uint8Array, at: number, pseudoSum: number): void {
  writeU16(bytes, at + udpChecksumAt, 0)
  const sum = sumWords(bytes, at, readU16(bytes, at + 4), pseudoSum)
  writeU16(bytes, at + udpChecksumAt, finishUdpChecksum(sum))
}

/**
 * Whether the checksum of the datagram at `at` is right. One of 0 is none, which IPv4 allows (RFC 768) and IPv6 does not
 * (RFC 8200 §8.1): that is the caller's to decide.
 * @param pseudoSum of `sumPseudoHeader4` or `sumPseudoHeader6`
 */
export function isUdpChecksumValid(bytes: Uint8Array, at: number, pseudoSum: number): boolean {
  return isSumValid(sumWords(bytes, at, readU16(bytes, at + 4), pseudoSum))
}
