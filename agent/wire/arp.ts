import { readU16, readU32, readU48, writeU16, writeU32, writeU48 } from './bytes.js'

/** An ARP packet for IPv4 on Ethernet (RFC 826). */
export interface ArpPacket {
  /** 1 request, 2 reply; others are possible. */
  readonly operation: number
  /** `macNumber`. */
  readonly senderMac: number
  /** `ipv4Number`. */
  readonly senderIp: number
  /** `macNumber`. */
  readonly targetMac: number
  /** `ipv4Number`. */
  readonly targetIp: number
}

/** EtherType of ARP (RFC 826). */
export const etherTypeArp = 0x0806

/** Bytes of a packet for IPv4 on Ethernet. */
export const arpBytes = 28

/** Operation of a request (RFC 826). */
export const arpRequest = 1

/** Operation of a reply (RFC 826). */
export const arpReply = 2

/** Hardware type 1, protocol 0x0800, lengths 6 and 4: the first six bytes. */
const ethernetIpv4 = 0x0001_0800_0604

/**
 * The packet at `at`.
 *
 *     0       2       4      6           8           14          18          24
 *     +-------+-------+------+-----------+-----------+-----------+-----------+-----------+
 *     | type  | proto | 6, 4 | operation | sender    | sender IP | target    | target IP |
 *     +-------+-------+------+-----------+-----------+-----------+-----------+-----------+
 *
 * @param length bytes from there on; what follows is padding
 * @returns undefined when it is cut off or is not about IPv4 on Ethernet. Never throws.
 */
export function decodeArp(bytes: Uint8Array, at: number, length: number): ArpPacket | undefined {
  if (length < arpBytes || readU48(bytes, at) !== ethernetIpv4) return undefined
  return {
    operation: readU16(bytes, at + 6),
    senderMac: readU48(bytes, at + 8),
    senderIp: readU32(bytes, at + 14),
    targetMac: readU48(bytes, at + 18),
    targetIp: readU32(bytes, at + 24),
  }
}

/** Writes the packet. @returns bytes written */
export function encodeArp(packet: ArpPacket, bytes: Uint8Array, at: number): number {
  writeU48(bytes, at, ethernetIpv4)
  writeU16(bytes, at + 6, packet.operation)
  writeU48(bytes, at + 8, packet.senderMac)
  writeU32(bytes, at + 14, packet.senderIp)
  writeU48(bytes, at + 18, packet.targetMac)
  writeU32(bytes, at + 24, packet.targetIp)
  return arpBytes
}
