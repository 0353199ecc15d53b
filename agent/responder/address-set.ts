import type { Cidr6 } from '#addr/cidr.js'
import { type Ipv6, ipv6Bytes } from '#addr/ipv6.js'
import { readU32 } from '#wire/bytes.js'

/**
 * Addresses and networks in a form that packets are compared with: eight numbers each, the four words of the address,
 * most significant first, each followed by its mask. One flat array, because ten thousand NICs have several.
 */
export type AddressSet = readonly number[]

/** Numbers of one entry. */
const entrySize = 8

/** The set of these addresses. */
export function addressSet(addresses: readonly Ipv6[]): AddressSet {
  return networkSet(addresses.map((address) => ({ address, prefixLength: 128 })))
}

/** The set of all addresses of these networks; what lies in one that came before is not kept. */
export function networkSet(networks: readonly Cidr6[]): AddressSet {
  const set: number[] = []
  for (const { address, prefixLength } of networks) {
    const bytes = ipv6Bytes(address)
    if (isInSet(set, bytes, 0, prefixLength)) continue
    for (let index = 0; index < 4; index++) {
      const mask = maskWord(prefixLength - index * 32)
      set.push((readU32(bytes, index * 4) & mask) >>> 0, mask)
    }
  }
  return set
}

/**
 * Whether the address whose sixteen bytes stand at `at` is in the set, or the whole network of which it is one.
 * @param prefixLength of that network; 128 for the address alone
 */
export function isInSet(
  set: AddressSet,
  bytes: Uint8Array,
  at: number,
  prefixLength = 128,
): boolean {
  for (let entry = 0; entry < set.length; entry += entrySize)
    if (isInEntry(set, entry, bytes, at) && isWithin(set, entry, prefixLength)) return true
  return false
}

function isInEntry(set: AddressSet, entry: number, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < 4; index++) {
    const mask = set[entry + index * 2 + 1] ?? 0
    if ((readU32(bytes, at + index * 4) & mask) >>> 0 !== set[entry + index * 2]) return false
  }
  return true
}

/** Whether the entry's mask is no longer than this. */
function isWithin(set: AddressSet, entry: number, prefixLength: number): boolean {
  if (prefixLength === 128) return true
  for (let index = 0; index < 4; index++)
    if (((set[entry + index * 2 + 1] ?? 0) & ~maskWord(prefixLength - index * 32)) !== 0)
      return false
  return true
}

/** The mask's 32 bits when this many bits of the prefix are left. */
function maskWord(bits: number): number {
  if (bits <= 0) return 0
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0
}
