import { type Ipv6, ipv6OfBytes } from '#addr/ipv6.js'
import { type Mac, parseMac } from '#addr/mac.js'
import { nftTable } from '#nic/queueing/nft.js'
import { domainSets } from './names.js'
import { ipv6Number } from './rule-text.js'

/** An address that a guest has claimed, see `learn.ts`. */
export interface Claim {
  /** The set that it stands in: `claims_DOMAIN`. */
  readonly set: string
  readonly address: Ipv6
  readonly mac: Mac
}

/**
 * What guests have claimed, of `nft -j list sets netdev` or anything else of nft that has sets with their elements; what
 * is not ours is passed over.
 */
export function readClaims(listing: unknown): readonly Claim[] {
  const claims: Claim[] = []
  for (const item of asList(asRecord(listing)['nftables'])) {
    const { name, table, family, elem } = asRecord(asRecord(item)['set'])
    if (family !== 'netdev' || table !== nftTable) continue
    if (typeof name !== 'string' || !name.startsWith(domainSets('').claims)) continue
    for (const element of asList(elem)) {
      const { val = element } = asRecord(asRecord(element)['elem'])
      const [address, mac] = asList(asRecord(val)['concat']).map(String)
      const claim = { address: addressOf(address ?? ''), mac: parseMac(mac ?? '') }
      if (claim.address !== undefined && claim.mac !== undefined)
        claims.push({ set: name, address: claim.address, mac: claim.mac })
    }
  }
  return claims
}

/** Commands for nft that put claims back, for a month each; the sets must be there ({@link learningObjects}). */
export function restoreClaimLines(claims: readonly Claim[]): readonly string[] {
  return claims.flatMap(({ set, address, mac }) => [
    `add element netdev ${nftTable} ${set} { ${ipv6Number(address)} . ${mac} }`,
    `add element netdev ${nftTable} ${takenOf(set)} { ${ipv6Number(address)} }`,
  ])
}

/** Commands for nft after which others may claim these addresses, whether or not they are there. */
export function forgetClaimLines(claims: readonly Claim[]): readonly string[] {
  return claims.flatMap(({ set, address, mac }) =>
    [
      `${set} { ${ipv6Number(address)} . ${mac} }`,
      `${takenOf(set)} { ${ipv6Number(address)} }`,
    ].flatMap((element) => [
      `add element netdev ${nftTable} ${element}`,
      `delete element netdev ${nftTable} ${element}`,
    ]),
  )
}

function takenOf(set: string): string {
  return set.replace(domainSets('').claims, domainSets('').taken)
}

/** The address of `0x` and digits, whose leading zeros nft leaves out. */
function addressOf(text: string): Ipv6 | undefined {
  const digits = /^0x([0-9a-f]{1,32})$/.exec(text)?.[1]?.padStart(32, '0')
  if (digits === undefined) return undefined
  const bytes = digits.match(/../g) ?? []
  return ipv6OfBytes(Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16)))
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
