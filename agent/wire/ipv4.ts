import { copyBytes, readU16, readU32, writeU16, writeU32 } from './bytes.js'
import { finishChecksum, isSumValid, sumWords } from './checksum.js'

/** An IPv4 header (RFC 791 §3.1) without its checksum, which is checked when read and worked out when written. */
export interface Ipv4Header {
  /** DSCP and ECN (RFC 2474, RFC 3168), 8 bits. */
  readonly trafficClass: number
  /** Of header and payload, bytes. */
  readonly totalLength: number
  readonly identification: number
  readonly isDontFragment: boolean
  readonly isMoreFragments: boolean
  /** Bytes: a multiple of 8. */
  readonly fragmentOffsetBytes: number
  readonly timeToLive: number
  readonly protocol: number
  /** `ipv4Number`. */
  readonly source: number
  /** `ipv4Number`. */
  readonly destination: number
  /** As they stand, a multiple of 4 and at most 40 bytes. */
  readonly options: Uint8Array
}

/** Bytes of a header without options. */
export const ipv4HeaderBytes = 20

/** Where the header's fields stand. */
export const ipv4FieldAt = {
  totalLength: 2,
  fragment: 6,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16,
} as const

/** The bits of the fragment field that any fragment has set at least one of: "more fragments" and the offset. */
export const ipv4FragmentMask = 0x3fff

/**
 * Checks the header at `at` without making anything of it: version, lengths and checksum (RFC 1122 §3.2.1.1, §3.2.1.2).
 * @param length bytes from there on
 * @returns its length in bytes, 20 to 60; 0 when it is not a whole and sound IPv4 packet
 */
export function checkIpv4Header(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes[at] ?? 0
  const headerLength = (first & 0xf) * 4
  const totalLength = readU16(bytes, at + ipv4FieldAt.totalLength)
  if (length < ipv4HeaderBytes || first >>> 4 !== 4 || headerLength < ipv4HeaderBytes) return 0
  if (totalLength < headerLength || totalLength > length) return 0
  return isSumValid(sumWords(bytes, at, headerLength, 0)) ? headerLength : 0
}

/**
 * The header at `at`.
 * @param length bytes from there on; more than the header's own total length is padding
 * @returns undefined unless {@link checkIpv4Header} finds it sound
 */
export function decodeIpv4(bytes: Uint8Array, at: number, length: number): Ipv4Header | undefined {
  const headerLength = checkIpv4Header(bytes, at, length)
  if (headerLength === 0) return undefined
  const fragment = readU16(bytes, at + ipv4FieldAt.fragment)
  return {
    trafficClass: bytes[at + 1] ?? 0,
    totalLength: readU16(bytes, at + ipv4FieldAt.totalLength),
    identification: readU16(bytes, at + 4),
    isDontFragment: (fragment & 0x4000) !== 0,
    isMoreFragments: (fragment & 0x2000) !== 0,
    fragmentOffsetBytes: (fragment & 0x1fff) * 8,
    timeToLive: bytes[at + 8] ?? 0,
    protocol: bytes[at + ipv4FieldAt.protocol] ?? 0,
    source: readU32(bytes, at + ipv4FieldAt.source),
    destination: readU32(bytes, at + ipv4FieldAt.destination),
    options: bytes.slice(at + ipv4HeaderBytes, at + headerLength),
  }
}

/** Writes a header and its checksum. @returns bytes written: the header's length */
export function encodeIpv4(header: Ipv4Header, bytes: Uint8Array, at: number): number {
  const { options } = header
  const headerLength = ipv4Length(header)
  const flags = (header.isDontFragment ? 0x4000 : 0) | (header.isMoreFragments ? 0x2000 : 0)
  bytes[at] = 0x40 | (headerLength / 4)
  bytes[at + 1] = header.trafficClass
  writeU16(bytes, at + ipv4FieldAt.totalLength, header.totalLength)
  writeU16(bytes, at + 4, header.identification)
  writeU16(bytes, at + ipv4FieldAt.fragment, flags | (header.fragmentOffsetBytes / 8))
  bytes[at + 8] = header.timeToLive
  bytes[at + ipv4FieldAt.protocol] = header.protocol
  writeU16(bytes, at + ipv4FieldAt.checksum, 0)
  writeU32(bytes, at + ipv4FieldAt.source, header.source)
  writeU32(bytes, at + ipv4FieldAt.destination, header.destination)
  const optionsAt = at + ipv4HeaderBytes
  copyBytes({ from: options, fromAt: 0, to: bytes, toAt: optionsAt, length: options.length })
  const checksum = finishChecksum(sumWords(bytes, at, headerLength, 0))
  writeU16(bytes, at + ipv4FieldAt.checksum, checksum)
  return headerLength
}

/** Bytes that a header takes, options included. */
export function ipv4Length({ options }: Ipv4Header): number {
  return ipv4HeaderBytes + options.length
}
