import fc from 'fast-check'
import { network6 } from '#addr/cidr.js'
import { ipv6OfBytes } from '#addr/ipv6.js'
import { macOfNumber } from '#addr/mac.js'

/** Objects as our own code makes them: with a prototype. */
export function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true })
}

/** Any IPv6 address. */
export const anyIpv6 = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => ipv6OfBytes(bytes))

/** Any Ethernet address. */
export const anyMac = fc.nat({ max: 2 ** 48 - 1 }).map(macOfNumber)

/** Any 16 bits. */
export const anyU16 = fc.nat({ max: 0xffff })

/** Any 32 bits. */
export const anyU32 = fc.nat({ max: 0xffffffff })

/** An IPv6 network without host bits. */
export function anyNetwork6(prefixLength: fc.Arbitrary<number>) {
  return fc.tuple(anyIpv6, prefixLength).map(([host, length]) => ({
    address: network6({ address: host, prefixLength: length }),
    prefixLength: length,
  }))
}

/** A domain name of one to four labels. */
export const anyDomain = fc
  .array(fc.stringMatching(/^[a-z0-9-]{1,20}$/), { minLength: 1, maxLength: 4 })
  .map((labels) => labels.join('.'))
