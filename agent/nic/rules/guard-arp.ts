import { contains4 } from '#addr/cidr.js'
import type { Guard } from '#nic/desired.js'
import { cidr4Text, noneOf, type Refuse } from './rule-text.js'

const any4 = '0.0.0.0'

/**
 * Ethernet, IPv4, addresses of six and of four bytes: how each message begins. The operation behind it is masked out, for one comparison of
 * whole fields is listed by nft as several, which says something else.
 */
const ofIpv4 = '@nh,0,64 & 0xffffffffffff0000'
const format = '0x0001080006040000'

/** ARP (RFC 826): who the sender says it is, and for whom it may ask. */
export function arpRules(
  { macs, sources4, gateways4, arpTargets }: Guard,
  refuse: Refuse,
): readonly string[] {
  const own = sources4?.map(cidr4Text)
  const gateways = gateways4.filter(
    (gateway) => sources4 === undefined || sources4.some((cidr) => contains4(cidr, gateway)),
  )
  return [
    refuse(`meta protocol arp ${ofIpv4} != ${format}`, 'arp-format'),
    refuse('arp operation != request arp operation != reply', 'arp-format'),
    refuse(noneOf('arp saddr ether', macs), 'arp-sender-mac'),
    ...gateways.flatMap((gateway) => [
      refuse(`arp saddr ip ${gateway}`, 'gateway'),
      refuse(`arp saddr ip ${any4} arp daddr ip ${gateway}`, 'gateway'),
    ]),
    ...(own === undefined
      ? []
      : [
          refuse(noneOf('arp saddr ip', [any4, ...own]), 'arp-sender'),
          // who tests the same address at that moment would give it up (RFC 5227 2.1.1)
          refuse(`arp saddr ip ${any4} ${noneOf('arp daddr ip', own)}`.trim(), 'arp-probe'),
        ]),
    ...(arpTargets === undefined
      ? []
      : [
          refuse(
            `arp operation request ${noneOf('arp daddr ip', [...(own ?? []), ...arpTargets.map(cidr4Text)])}`,
            'arp-target',
          ),
        ]),
  ]
}
