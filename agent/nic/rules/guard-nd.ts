import type { Cidr6 } from '#addr/cidr.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { Mac } from '#addr/mac.js'
import { ipv6Number, macDigits, noneOf, prefixMatch, type Refuse } from './rule-text.js'

/** Messages of neighbour discovery (RFC 4861). */
export const nd = {
  solicit: 'icmpv6 type nd-neighbor-solicit',
  advert: 'icmpv6 type nd-neighbor-advert',
  routerSolicit: 'icmpv6 type nd-router-solicit',
  /** A solicitation of duplicate address detection (RFC 4862 5.4.2). */
  probe: 'ip6 saddr :: icmpv6 type nd-neighbor-solicit',
  /** Where the target of a solicitation or advertisement stands (RFC 4861 4.3, 4.4). */
  target: '@th,64,128',
} as const

/** `@th,64,64 != A @th,64,128 != B`: the target lies in none of these. */
export function targetIn(cidrs: readonly Cidr6[]): string {
  return cidrs.map((cidr) => prefixMatch(['th', 64], '!=', cidr)).join(' ')
}

/** A gateway's addresses are nobody else's: not by advertisement, not as a source, and nobody keeps it from having them. */
export function gatewayRules(gateways: readonly Ipv6[], refuse: Refuse): readonly string[] {
  return gateways.flatMap((gateway) => [
    refuse(`${nd.probe} ${nd.target} == ${ipv6Number(gateway)}`, 'gateway'),
    refuse(`${nd.advert} ${nd.target} == ${ipv6Number(gateway)}`, 'gateway'),
    refuse(`ip6 saddr ${gateway}`, 'gateway'),
  ])
}

/**
 * For whom the guest may test and advertise; the target of an advertisement is what poisons. Who tests an address at the same
 * moment as its owner makes the owner give it up (RFC 4862 5.4.3).
 *
 * @param allowed undefined: not known
 */
export function targetRules(
  allowed: readonly Cidr6[] | undefined,
  refuse: Refuse,
): readonly string[] {
  return [
    ...(allowed === undefined
      ? []
      : [
          refuse(`${nd.probe} ${targetIn(allowed)}`.trim(), 'nd-probe'),
          refuse(`${nd.advert} ${targetIn(allowed)}`.trim(), 'nd-target'),
        ]),
    `${nd.probe} accept`,
  ]
}

/** What a host sends before it has an address, besides its tests: RFC 4861 6.3.7, RFC 3590. */
export function unspecifiedSourceRules(refuse: Refuse): readonly string[] {
  return [
    refuse(`ip6 saddr :: ${nd.routerSolicit} ip6 length > 8`, 'nd-option'),
    `ip6 saddr :: ${nd.routerSolicit} accept`,
    'ip6 saddr :: icmpv6 type mld-listener-report accept',
    'ip6 saddr :: icmpv6 type mld-listener-done accept',
    'ip6 saddr :: icmpv6 type mld2-listener-report accept',
  ]
}

/**
 * A hardware address in an option poisons as well. Options stand at fixed places only when nothing else is in the
 * message, so nothing else may be.
 *
 *     0        8                  24              32
 *     | ICMPv6 | target           | option 1 or 2 |    solicitation, advertisement
 *     | ICMPv6 | option 1 |                             router solicitation
 */
export function optionRules(macs: readonly Mac[], refuse: Refuse): readonly string[] {
  const messages = [
    { message: nd.solicit, option: 'source', bareBytes: 24 },
    { message: nd.advert, option: 'target', bareBytes: 24 },
    { message: nd.routerSolicit, option: 'source', bareBytes: 8 },
  ] as const
  return messages.flatMap(({ message, option, bareBytes }) => {
    const values = macs.map((mac) => `0x0${option === 'source' ? 1 : 2}01${macDigits(mac)}`)
    return [
      refuse(`${message} ip6 length > ${bareBytes + 8}`, 'nd-option'),
      refuse(
        `${message} ip6 length > ${bareBytes} ${noneOf(`@th,${bareBytes * 8},64`, values)}`,
        'nd-option',
      ),
    ]
  })
}
