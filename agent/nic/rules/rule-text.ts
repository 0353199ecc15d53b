import type { Cidr4, Cidr6 } from '#addr/cidr.js'
import { formatCidr, network4, network6 } from '#addr/cidr.js'
import { type Ipv6, ipv6Bytes, ipv6OfBytes } from '#addr/ipv6.js'
import { type Mac, macNumber } from '#addr/mac.js'
import type { Stance } from '#nic/desired.js'
import type { Refusal } from './reasons.js'

/** The rule that refuses what matches: its counter and comment tell why; while only observing it does nothing else. */
export type Refuse = (match: string, reason: Refusal) => string

/** Addresses that no router passes on (RFC 4291 2.5.6). */
export const linkLocal: Cidr6 = {
  address: ipv6OfBytes(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
  prefixLength: 10,
}

/** How rules of this stance refuse. */
export function refuseBy(stance: Stance): Refuse {
  const verdict = stance === 'enforce' ? ' drop' : ''
  return (match, reason) => `${match} counter${verdict} comment "${reason}"`.trimStart()
}

/** `ip saddr != A ip saddr != B`: neither of them, without an anonymous set; empty for no value. */
export function noneOf(field: string, values: readonly string[]): string {
  return values.map((value) => `${field} != ${value}`).join(' ')
}

/** Types of frames (IEEE 802 numbers), as numbers of nft. */
export const etherTypes = {
  ip: '0x0800',
  arp: '0x0806',
  rarp: '0x8035',
  vlan: '0x8100',
  ip6: '0x86dd',
  providerVlan: '0x88a8',
} as const

/** Where the type of a frame stands, as it is on the wire: `ether type` costs two expressions more, which ask for the kind of device. */
export const etherTypeField = '@ll,96,16'

/** Frames of a type. */
export function ofEtherType(type: keyof typeof etherTypes): string {
  return `${etherTypeField} == ${etherTypes[type]}`
}

/** As nft reads it back: host bits zero, no length for one address. */
export function cidr4Text(cidr: Cidr4): string {
  const network = network4(cidr)
  return cidr.prefixLength === 32
    ? network
    : formatCidr({ address: network, prefixLength: cidr.prefixLength })
}

/** As nft reads it back: host bits zero, no length for one address. */
export function cidr6Text(cidr: Cidr6): string {
  const network = network6(cidr)
  return cidr.prefixLength === 128
    ? network
    : formatCidr({ address: network, prefixLength: cidr.prefixLength })
}

/** Sixteen bytes as one number, for fields that nft has no name for. */
export function ipv6Number(address: Ipv6): string {
  return hex(ipv6Bytes(address))
}

/** Six bytes as twelve digits, without `0x`. */
export function macDigits(mac: Mac): string {
  return macNumber(mac).toString(16).padStart(12, '0')
}

/**
 * A comparison of the first bits of an address that stands at a fixed place, `@th,64,64 != 0x20010db800000000`.
 * @param at `base,offset in bits`
 */
export function prefixMatch(
  at: readonly [base: 'nh' | 'th', offset: number],
  operator: '==' | '!=',
  cidr: Cidr6,
): string {
  const [base, offset] = at
  const bits = BigInt(ipv6Number(network6(cidr))) >> BigInt(128 - cidr.prefixLength)
  const field = `@${base},${offset},${cidr.prefixLength}`
  return `${field} ${operator} 0x${bits.toString(16)}`
}

function hex(bytes: Uint8Array): string {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
