import { type Cidr6, contains6 } from '#addr/cidr.js'
import type { Guard, Stance } from '#nic/desired.js'
import {
  type DiscoveryRules,
  earlyDiscovery,
  gatewayDiscovery,
  joinDiscovery,
  nd,
  ndOnly,
  noDiscovery,
  optionDiscovery,
  targetDiscovery,
} from './guard-nd.js'
import { learntDiscovery, learntSourceRules } from './learn.js'
import { shared, type TapChains } from './names.js'
import { cidr6Text, linkLocal, noneOf, ofEtherType, type Refuse } from './rule-text.js'

/** Rules for IPv6: those that all of it meets, and those for neighbour discovery alone. */
export interface Ip6Rules {
  readonly all: readonly string[]
  readonly discovery: DiscoveryRules
}

/**
 * IPv6: what hides in fragments, servers that the guest must not play, neighbour discovery, then its source.
 * @param chains where {@link Ip6Rules.discovery} will stand
 */
export function ip6Rules(
  guard: Guard,
  {
    chains,
    stance,
    refuse,
  }: { readonly chains: TapChains; readonly stance: Stance; readonly refuse: Refuse },
): Ip6Rules {
  const { macs, sources6, gateways6, refuses } = guard
  if (sources6.policy === 'none')
    return { all: [refuse(ofEtherType('ip6'), 'ip6-none')], discovery: noDiscovery }
  const allowed = allowedOf(sources6)
  const gateways = gateways6.filter(
    (gateway) => allowed === undefined || allowed.some((cidr) => contains6(cidr, gateway)),
  )
  const discovery = joinDiscovery([
    { probes: [], others: [`${ndOnly.probe} jump ${chains.probe}`] },
    gatewayDiscovery(gateways, refuse),
    sources6.policy === 'learn'
      ? learntDiscovery(sources6, { stance, refuse, macs })
      : targetDiscovery(allowed, refuse),
    earlyDiscovery(refuse),
    optionDiscovery(macs, refuse),
  ])
  const all = [
    ...fragmentRules(refuse),
    refuse('icmpv6 type nd-redirect', 'redirect'),
    ...(refuses.ra ? routerRules(refuse) : []),
    ...(refuses.dhcp6 ? [refuse('meta protocol ip6 udp dport 546', 'dhcp6-server')] : []),
    `${nd.any} jump ${chains.discovery}`,
    ...gateways.map((gateway) => refuse(`ip6 saddr ${gateway}`, 'gateway')),
    ...earlyGroupRules,
    ...(sources6.policy === 'learn'
      ? learntSourceRules(sources6, { stance, refuse, macs })
      : sourceRules(allowed, refuse)),
    // headers that contradict themselves have no protocol as far as the kernel says
    `${ofEtherType('ip6')} meta l4proto != 255 accept`,
    refuse(ofEtherType('ip6'), 'ip6-malformed'),
  ]
  return { all, discovery }
}

/** Who joins groups before it has an address (RFC 3590). */
const earlyGroupRules = [
  'ip6 saddr :: icmpv6 type mld-listener-report accept',
  'ip6 saddr :: icmpv6 type mld-listener-done accept',
  'ip6 saddr :: icmpv6 type mld2-listener-report accept',
]

/**
 * A fragment header must follow the IPv6 header at once and be followed by no extension header: then the first fragment has
 * at least eight bytes of the upper header (fragments are multiples of that), so ports and types are where they are
 * looked for, and no later fragment can change them.
 */
function fragmentRules(refuse: Refuse): readonly string[] {
  return [
    refuse('exthdr frag exists ip6 nexthdr != ipv6-frag', 'ip6-fragment'),
    refuse(`ip6 nexthdr ipv6-frag frag nexthdr @${shared.extensionHeaders}`, 'ip6-fragment'),
    // also atomic ones, RFC 6946; nobody needs them
    refuse('ip6 nexthdr != ipv6-icmp icmpv6 type 133-137', 'nd-headers'),
  ]
}

/** Type 151 is the advertisement of RFC 4286, protocol 103 PIM; a bridge that snoops sends all groups to who says these. */
function routerRules(refuse: Refuse): readonly string[] {
  return [
    refuse('icmpv6 type nd-router-advert', 'router-advertisement'),
    refuse('icmpv6 type mld-listener-query', 'multicast-router'),
    refuse('icmpv6 type 151', 'multicast-router'),
    refuse('meta protocol ip6 meta l4proto 103', 'multicast-router'),
  ]
}

function sourceRules(allowed: readonly Cidr6[] | undefined, refuse: Refuse): readonly string[] {
  if (allowed === undefined)
    return neverSources.map((network) => refuse(`ip6 saddr ${network}`, 'ip6-source'))
  const foreign = noneOf('ip6 saddr', allowed.map(cidr6Text))
  return [refuse(foreign === '' ? ofEtherType('ip6') : foreign, 'ip6-source')]
}

/** No host sends from these: groups, loopback and IPv4-compatible, IPv4-mapped (RFC 4291 2.5.5, 2.7). */
const neverSources = ['ff00::/8', '::/96', '::ffff:0.0.0.0/96']

/** All that may be a source; undefined when that is not known. */
function allowedOf(sources6: Guard['sources6']): readonly Cidr6[] | undefined {
  switch (sources6.policy) {
    case 'open':
      return undefined
    case 'prefix':
      return [...sources6.prefixes, linkLocal]
    case 'learn':
      return [...sources6.addresses, ...sources6.prefixes, linkLocal]
    case 'strict':
      return sources6.addresses
    case 'none':
      return []
  }
}
