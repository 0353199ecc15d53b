declare const ipv4Brand: unique symbol

/** An IPv4 address as canonical dotted-decimal text. */
export type Ipv4 = string & { readonly [ipv4Brand]: true }

/** The address that a text names: four decimal numbers without leading zeros (RFC 6943 §3.1.1). */
export function parseIpv4(text: string): Ipv4 | undefined {
  const parts = text.split('.')
  const isAddress =
    parts.length === 4 &&
    parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  return isAddress ? (text as Ipv4) : undefined
}

/** The four bytes of an address, most significant first. */
export function ipv4Bytes(address: Ipv4): Uint8Array {
  return Uint8Array.from(address.split('.'), Number)
}

/** The address as a whole number from 0 to 2^32 - 1, as it is read big-endian from a packet. */
export function ipv4Number(address: Ipv4): number {
  let number = 0
  let part = 0
  for (let at = 0; at < address.length; at++) {
    const digit = address.charCodeAt(at) - zero
    if (digit >= 0) part = part * 10 + digit
    else {
      number = number * 256 + part
      part = 0
    }
  }
  return number * 256 + part
}

/** The code of the digit 0; a dot's is less. */
const zero = 48

/** The number's address. @param number whole, below 2^32 */
export function ipv4OfNumber(number: number): Ipv4 {
  return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}` as Ipv4
}
