declare const macBrand: unique symbol

/** An Ethernet address as canonical text: six pairs of lower-case hexadecimal digits, `aa:00:00:12:34:56`. */
export type Mac = string & { readonly [macBrand]: true }

/** The address that a text names: six pairs of hexadecimal digits with colons (or all dashes) between. */
export function parseMac(text: string): Mac | undefined {
  const canonical = text.toLowerCase().replaceAll('-', ':')
  const isAddress = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/.test(canonical)
  const isMixed = text.includes(':') && text.includes('-')
  return isAddress && !isMixed ? (canonical as Mac) : undefined
}

/** The six bytes of an address, in the order in which they are sent. */
export function macBytes(mac: Mac): Uint8Array {
  return Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16))
}

/** The address as one whole number of 48 bits, the first byte most significant: cheap to compare and a key of maps. */
export function macNumber(mac: Mac): number {
  return Number.parseInt(mac.replaceAll(':', ''), 16)
}

/** The number's address. @param number whole, below 2^48 */
export function macOfNumber(number: number): Mac {
  const digits = number.toString(16).padStart(12, '0')
  return digits.replace(/(..)(?!$)/g, '$1:') as Mac
}

/** True for group addresses, which no interface has as its own (IEEE 802: lowest bit of the first byte). */
export function isGroupMac(mac: Mac): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1
}
