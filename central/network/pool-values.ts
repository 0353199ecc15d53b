import { type Ipv4, ipv4Number, ipv4OfNumber } from '#addr/ipv4.js'

/** Hexadecimal digits of a network's prefix of hardware addresses; the cluster's own makes it three octets. */
const prefixDigits = 5

/**
 * Prefixes of hardware addresses that count up from one: `aa:00:1`, `aa:00:2` … Those that make no local unicast address
 * (RFC 9542 §2.1) are left out, and so is the first, which networks without one of their own use.
 */
export function* macPrefixes(base: string, count: number): Iterable<string> {
  const first = Number.parseInt(base.replaceAll(':', ''), 16)
  for (let index = 1; index < count; index++) {
    const number = first + index
    if (number >= 16 ** prefixDigits) return
    if (((number >>> 12) & 3) !== 2) continue
    yield number
      .toString(16)
      .padStart(prefixDigits, '0')
      .replace(/(..)(?=.)/g, '$1:')
  }
}

/** Names of bridges: `prv1`, `prv2` … */
export function* bridgeNames(base: string, count: number): Iterable<string> {
  for (let number = 1; number <= count; number++) yield `${base}${number}`
}

/** First and last address. */
export interface AddressRange {
  readonly start: Ipv4
  readonly end: Ipv4
}

/** Every address of these ranges, in their order. */
export function* addressesOf(ranges: readonly AddressRange[]): Iterable<string> {
  for (const { start, end } of ranges) {
    for (let number = ipv4Number(start); number <= ipv4Number(end); number++) {
      yield ipv4OfNumber(number)
    }
  }
}
