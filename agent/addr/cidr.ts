import { type Ipv4, ipv4Number, ipv4OfNumber, parseIpv4 } from './ipv4.js'
import { type Ipv6, ipv6Bytes, ipv6OfBytes, parseIpv6 } from './ipv6.js'

/** An IPv4 network or an address in it: `address` keeps the host bits that the text had. */
export interface Cidr4 {
  readonly address: Ipv4
  /** 0 to 32. */
  readonly prefixLength: number
}

/** An IPv6 network or an address in it: `address` keeps the host bits that the text had. */
export interface Cidr6 {
  readonly address: Ipv6
  /** 0 to 128. */
  readonly prefixLength: number
}

/** What `192.0.2.0/24` names. */
export function parseCidr4(text: string): Cidr4 | undefined {
  const parts = splitCidr(text, 32)
  const address = parts && parseIpv4(parts.address)
  return parts && address && { address, prefixLength: parts.prefixLength }
}

/** What `2001:db8::/64` names. */
export function parseCidr6(text: string): Cidr6 | undefined {
  const parts = splitCidr(text, 128)
  const address = parts && parseIpv6(parts.address)
  return parts && address && { address, prefixLength: parts.prefixLength }
}

/** The text that {@link parseCidr4} and {@link parseCidr6} read. */
export function formatCidr({ address, prefixLength }: Cidr4 | Cidr6): string {
  return `${address}/${prefixLength}`
}

/** The network mask of a prefix length, as a number. */
export function maskNumber4(prefixLength: number): number {
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0
}

/** The first address of the network. */
export function network4({ address, prefixLength }: Cidr4): Ipv4 {
  return ipv4OfNumber((ipv4Number(address) & maskNumber4(prefixLength)) >>> 0)
}

/** The network's broadcast address; a /31 or /32 has none (RFC 3021). */
export function broadcast4({ address, prefixLength }: Cidr4): Ipv4 | undefined {
  if (prefixLength > 30) return undefined
  return ipv4OfNumber((ipv4Number(address) | ~maskNumber4(prefixLength)) >>> 0)
}

/** Whether an address lies in the network. */
export function contains4({ address, prefixLength }: Cidr4, other: Ipv4): boolean {
  return ((ipv4Number(address) ^ ipv4Number(other)) & maskNumber4(prefixLength)) === 0
}

/** Which address of the network this is, from 0. */
export function hostNumber4({ prefixLength }: Cidr4, address: Ipv4): number {
  return (ipv4Number(address) & ~maskNumber4(prefixLength)) >>> 0
}

/** The network's address: host bits zero. */
export function network6({ address, prefixLength }: Cidr6): Ipv6 {
  const bytes = ipv6Bytes(address)
  return ipv6OfBytes(bytes.map((byte, index) => byte & maskByte(prefixLength, index)))
}

/** Whether an address lies in the network. */
export function contains6(cidr: Cidr6, other: Ipv6): boolean {
  const network = ipv6Bytes(cidr.address)
  return ipv6Bytes(other).every(
    (byte, index) => ((byte ^ (network[index] ?? 0)) & maskByte(cidr.prefixLength, index)) === 0,
  )
}

/**
 * One of the equally long prefixes that a network consists of, by its number from 0.
 * @param length in bits, not less than the network's own
 * @returns undefined for a number that the network has no room for
 */
export function subprefix6(
  network: Cidr6,
  { length, number }: { readonly length: number; readonly number: number },
): Cidr6 | undefined {
  if (number >= 2 ** (length - network.prefixLength)) return undefined
  const bytes = ipv6Bytes(network6(network))
  for (let bit = 0; bit < 32; bit++) {
    if (((number >>> bit) & 1) === 0) continue
    const at = length - 1 - bit
    bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (0x80 >> (at & 7))
  }
  return { address: ipv6OfBytes(bytes), prefixLength: length }
}

/** The byte of the mask at this place, for a prefix length in bits. */
function maskByte(prefixLength: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefixLength - index * 8))
  return (0xff00 >> bits) & 0xff
}

function splitCidr(
  text: string,
  max: number,
): { readonly address: string; readonly prefixLength: number } | undefined {
  const [, address, length] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? []
  if (address === undefined || Number(length) > max) return undefined
  return { address, prefixLength: Number(length) }
}
