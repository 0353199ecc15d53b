import { type Ipv6, ipv6Bytes } from '#addr/ipv6.js'
import { writeU16, writeU32, writeU48 } from '#wire/bytes.js'
import { ethernetHeaderBytes, etherTypeIpv6 } from '#wire/ethernet.js'
import { ipv6FieldAt, ipv6HeaderBytes } from '#wire/ipv6.js'

/** Bytes of the headers before the payload of a frame. */
export const frame6HeaderBytes = ethernetHeaderBytes + ipv6HeaderBytes

/** Where the fields of the IPv6 header stand in a frame. */
export const frame6FieldAt = {
  payloadLength: ethernetHeaderBytes + ipv6FieldAt.payloadLength,
  source: ethernetHeaderBytes + ipv6FieldAt.source,
  destination: ethernetHeaderBytes + ipv6FieldAt.destination,
} as const

/** What every frame to a NIC has in common. */
export interface Frame6 {
  /** `macNumber`, of the NIC: nothing ever goes to another address. */
  readonly destinationMac: number
  /** `macNumber`. */
  readonly sourceMac: number
  readonly source: Ipv6
  /** Next header. */
  readonly protocol: number
  readonly payloadLength: number
}

/**
 * A frame with hop limit 255, in which the IPv6 destination and the payload are still zero.
 *
 *     0        6        12       14        54
 *     +--------+--------+--------+---------+---------------+
 *     | NIC    | router | 0x86dd | IPv6    | payload       |
 *     +--------+--------+--------+---------+---------------+
 *                                   source at 22, destination at 38
 */
export function emptyFrame6(frame: Frame6): Uint8Array {
  const bytes = new Uint8Array(frame6HeaderBytes + frame.payloadLength)
  writeU48(bytes, 0, frame.destinationMac)
  writeU48(bytes, 6, frame.sourceMac)
  writeU16(bytes, 12, etherTypeIpv6)
  writeU32(bytes, ethernetHeaderBytes, 0x6000_0000)
  writeU16(bytes, frame6FieldAt.payloadLength, frame.payloadLength)
  bytes[ethernetHeaderBytes + ipv6FieldAt.nextHeader] = frame.protocol
  bytes[ethernetHeaderBytes + ipv6FieldAt.hopLimit] = 255
  bytes.set(ipv6Bytes(frame.source), frame6FieldAt.source)
  return bytes
}
