import { readU16, readU48, writeU16, writeU48 } from './bytes.js'
import { decodeVlan, encodeVlan, isVlanProtocol, type VlanTag, vlanTagBytes } from './vlan.js'

/** An Ethernet II header with its VLAN tags (IEEE 802.3 §3.1.1, 802.1Q §9). */
export interface EthernetHeader {
  /** `macNumber`. */
  readonly destination: number
  /** `macNumber`. */
  readonly source: number
  /** The outermost first; at most two, as 802.1ad stacks them. */
  readonly tags: readonly VlanTag[]
  /** EtherType of what follows. */
  readonly type: number
}

/** Bytes of a header without tags. */
export const ethernetHeaderBytes = 14

/** EtherType of IPv4 (RFC 894). */
export const etherTypeIpv4 = 0x0800

/** EtherType of IPv6 (RFC 2464 §3). */
export const etherTypeIpv6 = 0x86dd

/** The address that every station takes, `macNumber`. */
export const broadcastMac = 0xffff_ffff_ffff

const maxTagCount = 2

/** Where the addresses end. */
const typeAt = 12

/**
 * The header at `at`.
 * @param length bytes from there on
 * @returns undefined when it is cut off, or is not Ethernet II (a length below 0x600 in place of the type)
 */
export function decodeEthernet(
  bytes: Uint8Array,
  at: number,
  length: number,
): EthernetHeader | undefined {
  const tags: VlanTag[] = []
  let typeOffset = typeAt
  while (tags.length < maxTagCount && isVlanProtocol(readU16(bytes, at + typeOffset))) {
    const tag = decodeVlan(bytes, at + typeOffset, length - typeOffset)
    if (tag === undefined) return undefined
    tags.push(tag)
    typeOffset += vlanTagBytes
  }
  const type = readU16(bytes, at + typeOffset)
  if (length < typeOffset + 2 || type < 0x600) return undefined
  return { destination: readU48(bytes, at), source: readU48(bytes, at + 6), tags, type }
}

/** Writes a header with its tags. @returns bytes written */
export function encodeEthernet(header: EthernetHeader, bytes: Uint8Array, at: number): number {
  writeU48(bytes, at, header.destination)
  writeU48(bytes, at + 6, header.source)
  let next = at + typeAt
  for (const tag of header.tags) next += encodeVlan(tag, bytes, next)
  writeU16(bytes, next, header.type)
  return next + 2 - at
}

/** Bytes that a header takes, tags included. */
export function ethernetLength({ tags }: EthernetHeader): number {
  return ethernetHeaderBytes + tags.length * vlanTagBytes
}
