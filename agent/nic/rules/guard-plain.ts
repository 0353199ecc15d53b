import { type Cidr4, type Cidr6, contains4, contains6, network4 } from '#addr/cidr.js'
import { ipv4Number } from '#addr/ipv4.js'
import type { Guard } from '#nic/desired.js'
import { shared } from './names.js'
import { macDigits, prefixMatch } from './rule-text.js'

/**
 * Nearly all traffic is TCP and UDP from the NIC's first address to somebody: one rule a family lets it pass before all others, who
 * would let it pass as well. It must be to one destination, without tag, fragment (later ones have no ports) or extension header,
 * and not to the ports at which DHCP clients listen.
 *
 * Fields are named by place, so that nft makes one comparison of the whole Ethernet header and asks for nothing else again:
 * each costs a packet some 20 ns.
 */
export function plainRules({
  macs,
  sources4,
  sources6,
  gateways4,
  gateways6,
}: Guard): readonly string[] {
  const [mac] = macs
  if (mac === undefined) return []
  const isNoGateway4 = (own: Cidr4): boolean => !gateways4.some((ip) => contains4(own, ip))
  const isNoGateway6 = (own: Cidr6): boolean => !gateways6.some((ip) => contains6(own, ip))
  const own4 = sources4?.find((own) => own.prefixLength > 0 && isNoGateway4(own))
  const own6 = ownOf(sources6).find((own) => own.prefixLength > 0 && isNoGateway6(own))
  const rule = (type: string, source: string, protocolAt: number, clientPort: number): string =>
    [
      // the group bit of the destination, the source, the type
      `@ll,0,112 & 0x010000000000ffffffffffffffff == 0x${macDigits(mac)}${type}`,
      source,
      `@nh,${protocolAt},8 @${shared.plainProtocols}`,
      `@th,16,16 != ${clientPort}`,
      'accept comment "plain"',
    ].join(' ')
  return [
    ...(own4 === undefined ? [] : [rule('0800', prefixMatch4(['nh', 96], own4), 72, 68)]),
    ...(own6 === undefined ? [] : [rule('86dd', prefixMatch(['nh', 64], '==', own6), 48, 546)]),
  ]
}

function prefixMatch4([base, offset]: readonly ['nh', number], own: Cidr4): string {
  const bits = ipv4Number(network4(own)) / 2 ** (32 - own.prefixLength)
  return `@${base},${offset},${own.prefixLength} == 0x${bits.toString(16)}`
}

/** What is surely the NIC's; what is not link-local first, for hardly any traffic is. */
function ownOf(sources6: Guard['sources6']): readonly Cidr6[] {
  switch (sources6.policy) {
    case 'prefix':
      return sources6.prefixes
    case 'strict':
    case 'learn':
      return sources6.addresses.toSorted(
        (one, other) => Number(isLinkLocal(one)) - Number(isLinkLocal(other)),
      )
    case 'open':
    case 'none':
      return []
  }
}

function isLinkLocal({ address }: Cidr6): boolean {
  return address.startsWith('fe80:')
}
