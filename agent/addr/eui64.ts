import type { Cidr6 } from './cidr.js'
import { type Ipv6, ipv6Bytes, ipv6OfBytes } from './ipv6.js'
import { type Mac, macBytes } from './mac.js'

/** The link-local address that a hardware address gives by modified EUI-64 (RFC 4291 appendix A, RFC 2464 §5). */
export function linkLocalOfMac(mac: Mac): Ipv6 {
  return ipv6OfBytes(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...interfaceId(mac)))
}

/**
 * The address that a host with this hardware address makes itself in a network (RFC 4862 §5.5.3).
 * @returns undefined unless the prefix is a /64
 */
export function eui64Address(network: Cidr6, mac: Mac): Ipv6 | undefined {
  if (network.prefixLength !== 64) return undefined
  return ipv6OfBytes(
    Uint8Array.of(...ipv6Bytes(network.address).subarray(0, 8), ...interfaceId(mac)),
  )
}

function interfaceId(mac: Mac): readonly number[] {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macBytes(mac)
  return [a ^ 2, b, c, 0xff, 0xfe, d, e, f]
}
