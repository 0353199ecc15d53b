import type { Cidr6 } from '#addr/cidr.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { Mac } from '#addr/mac.js'
import { ipv6Number, macDigits, noneOf, prefixMatch, type Refuse } from './rule-text.js'

/** Messages of neighbour discovery (RFC 4861), where anything may be met. */
export const nd = {
  /** Solicitation and advertisement of routers and of neighbours. */
  any: 'icmpv6 type 133-136',
  solicit: 'icmpv6 type nd-neighbor-solicit',
  advert: 'icmpv6 type nd-neighbor-advert',
  /** A solicitation of duplicate address detection (RFC 4862 5.4.2). */
  probe: 'ip6 saddr :: icmpv6 type nd-neighbor-solicit',
  /** Where the target of a solicitation or advertisement stands (RFC 4861 4.3, 4.4). */
  target: '@th,64,128',
} as const

/** The same where nothing but {@link nd.any} is met: fields by place, for nft would ask for IPv6 and ICMPv6 again with each name. */
export const ndOnly = {
  routerSolicit: '@th,0,8 == 133',
  solicit: '@th,0,8 == 135',
  advert: '@th,0,8 == 136',
  probe: '@nh,64,128 == 0 @th,0,8 == 135',
} as const

/** Rules for what a guest sends of neighbour discovery: a chain of its own, and one more for its tests of addresses. */
export interface DiscoveryRules {
  /** Met by tests alone. What none of them decides goes on in `others`. */
  readonly probes: readonly string[]
  /** Met by {@link nd.any} alone. */
  readonly others: readonly string[]
}

/** No rule. */
export const noDiscovery: DiscoveryRules = { probes: [], others: [] }

/** One after the other. */
export function joinDiscovery(parts: readonly DiscoveryRules[]): DiscoveryRules {
  return {
    probes: parts.flatMap(({ probes }) => probes),
    others: parts.flatMap(({ others }) => others),
  }
}

/** `@th,64,64 != A @th,64,128 != B`: the target lies in none of these. */
export function targetIn(cidrs: readonly Cidr6[]): string {
  return cidrs.map((cidr) => prefixMatch(['th', 64], '!=', cidr)).join(' ')
}

/** A gateway's addresses are nobody else's: not by advertisement, and nobody keeps it from having them. */
export function gatewayDiscovery(gateways: readonly Ipv6[], refuse: Refuse): DiscoveryRules {
  const targets = gateways.map((gateway) => `${nd.target} == ${ipv6Number(gateway)}`)
  return {
    probes: targets.map((target) => refuse(target, 'gateway')),
    others: targets.map((target) => refuse(`${ndOnly.advert} ${target}`, 'gateway')),
  }
}

/**
 * For whom the guest may test and advertise; the target of an advertisement is what poisons. Who tests an address at the same
 * moment as its owner makes the owner give it up (RFC 4862 5.4.3).
 *
 * @param allowed undefined: not known
 */
export function targetDiscovery(
  allowed: readonly Cidr6[] | undefined,
  refuse: Refuse,
): DiscoveryRules {
  if (allowed === undefined) return { probes: ['accept'], others: [] }
  const foreign = targetIn(allowed)
  return {
    probes: [refuse(foreign, 'nd-probe'), 'accept'],
    others: [refuse(`${ndOnly.advert} ${foreign}`.trimEnd(), 'nd-target')],
  }
}

/** What a host asks routers before it has an address (RFC 4861 6.3.7). */
export function earlyDiscovery(refuse: Refuse): DiscoveryRules {
  const early = `@nh,64,128 == 0 ${ndOnly.routerSolicit}`
  return {
    probes: [],
    others: [refuse(`${early} ${longerThan(8)}`, 'nd-option'), `${early} accept`],
  }
}

/**
 * A hardware address in an option poisons as well. Options stand at fixed places only when nothing else is in the
 * message, so nothing else may be.
 *
 *     0        8                  24              32
 *     | ICMPv6 | target           | option 1 or 2 |    solicitation, advertisement
 *     | ICMPv6 | option 1 |                             router solicitation
 */
export function optionDiscovery(macs: readonly Mac[], refuse: Refuse): DiscoveryRules {
  const messages = [
    { message: ndOnly.solicit, option: 'source', bareBytes: 24 },
    { message: ndOnly.advert, option: 'target', bareBytes: 24 },
    { message: ndOnly.routerSolicit, option: 'source', bareBytes: 8 },
  ] as const
  const others = messages.flatMap(({ message, option, bareBytes }) => {
    const values = macs.map((mac) => `0x0${option === 'source' ? 1 : 2}01${macDigits(mac)}`)
    const foreign = noneOf(`@th,${bareBytes * 8},64`, values)
    return [
      refuse(`${message} ${longerThan(bareBytes + 8)}`, 'nd-option'),
      refuse(`${message} ${longerThan(bareBytes)} ${foreign}`, 'nd-option'),
    ]
  })
  return { probes: [], others }
}

/** By the payload length of the IPv6 header (RFC 8200 3); extension headers are refused before (RFC 6980). */
function longerThan(bytes: number): string {
  return `@nh,32,16 > ${bytes}`
}
