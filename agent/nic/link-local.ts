import type { Ipv6 } from '#addr/ipv6.js'

/** Whether an address is of fe80::/10 (RFC 4291 §2.5.6). */
export function isLinkLocal(address: Ipv6): boolean {
  return /^fe[89ab]/.test(address)
}
