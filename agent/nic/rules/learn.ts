import type { Cidr6 } from '#addr/cidr.js'
import { linkLocalOfMac } from '#addr/eui64.js'
import type { IfName } from '#addr/if-name.js'
import type { Mac } from '#addr/mac.js'
import type { Sources6, Stance } from '#nic/desired.js'
import { nftTable } from '#nic/queueing/nft.js'
import { type DiscoveryRules, nd, ndOnly, targetIn } from './guard-nd.js'
import { type DomainSets, domainSets, shared } from './names.js'
import {
  cidr6Text,
  ipv6Number,
  linkLocal,
  noneOf,
  ofEtherType,
  prefixMatch,
  type Refuse,
} from './rule-text.js'

/** {@link Sources6} by learning. */
export type Learning = Extract<Sources6, { readonly policy: 'learn' }>

interface Manner {
  readonly stance: Stance
  readonly refuse: Refuse
  /** The NIC's own. */
  readonly macs: readonly Mac[]
}

/**
 * First come, first served, from duplicate address detection (RFC 6620), in sets that the rules themselves fill:
 *
 *     claims     address and hardware address: what each guest of the domain has claimed
 *     taken      address: somebody of the domain has claimed it
 *     reserved   address: Ganeti says whose it is; it is not learnt
 *     tentative  address: somebody tests it just now, here or beyond; whoever else does the same is not heard
 *     fresh      address: claimed less than half a second ago; not used before that has passed (RFC 6620 TENT_LT)
 *     rates      hardware address: how fast it claims; rules that are made anew must not give a guest as many again
 *
 * A guest's test of an address that another has goes on, a few a minute, so that the owner can object, but claims nothing.
 * Claims belong to hardware addresses, so a tap that is made anew finds them; they end a month after the guest last
 * showed them in neighbour discovery. How many there may be is a limit of the rate: so many at once, and so many a week.
 * What a neighbour's hardware address makes is nobody else's, also while the neighbour is away.
 */
const lifetimes = { claim: '30d', tentative: '2s', fresh: '500ms', rate: '8d' } as const

/** Of a guest's tests of addresses that others have. */
const foreignProbes = 'limit rate 10/minute burst 5 packets'

/** How long a guest that has moved here may go on with addresses that it cannot prove: it does not test them again. */
const graceSeconds = 300

/** What learning needs in the table, given again without effect; the configured addresses of this NIC among it. */
export function learningObjects({ domain, addresses }: Learning): readonly string[] {
  const { claims, taken, reserved, tentative, fresh, rates } = domainSets(domain)
  const table = `netdev ${nftTable}`
  const key = 'typeof @nh,64,128'
  // the kernel makes room for as many at once: 16 bytes each
  const many = 'size 16384; flags dynamic,timeout'
  const few = 'size 4096; flags dynamic,timeout'
  const own = addresses.filter(({ prefixLength }) => prefixLength === 128)
  return [
    `add set ${table} ${claims} { ${key} . ether saddr; ${many}; timeout ${lifetimes.claim}; }`,
    `add set ${table} ${taken} { ${key}; ${many}; timeout ${lifetimes.claim}; }`,
    `add set ${table} ${reserved} { ${key}; size 16384; }`,
    `add set ${table} ${tentative} { ${key}; ${few}; timeout ${lifetimes.tentative}; }`,
    `add set ${table} ${fresh} { ${key}; ${few}; timeout ${lifetimes.fresh}; }`,
    `add set ${table} ${rates} { type ether_addr; ${many}; timeout ${lifetimes.rate}; }`,
    `add set ${table} ${shared.grace} { type ifname; flags timeout; }`,
    ...own.map(({ address }) => `add element ${table} ${reserved} { ${ipv6Number(address)} }`),
  ]
}

/**
 * A script that lets the guest of a tap go on with what it used where it came from, for a while: it does not test its addresses
 * again, and nobody here knows them. What others here have claimed is not given to it. For after an incoming
 * migration; the table must be there.
 */
export function graceScript(tap: IfName): string {
  const set = `netdev ${nftTable} ${shared.grace}`
  return [
    `add set ${set} { type ifname; flags timeout; }`,
    `add element ${set} { "${tap}" timeout ${graceSeconds}s }`,
    '',
  ].join('\n')
}

/** For whom a guest may test and advertise, and what that claims. */
export function learntDiscovery(learning: Learning, manner: Manner): DiscoveryRules {
  return { probes: probeRules(learning, manner), others: advertRules(learning, manner) }
}

function probeRules(learning: Learning, { stance, refuse, macs }: Manner): readonly string[] {
  const { addresses, domain, maxAddresses } = learning
  const sets = domainSets(domain)
  const { target } = nd
  const { claims, taken, reserved, tentative, fresh, rates } = sets
  const mine = `${target} . ether saddr`
  return [
    ...addresses.map(
      (own) => `${prefixMatch(['th', 64], '==', own)} update @${tentative} { ${target} } accept`,
    ),
    refuse(targetIn(learnable(learning)), 'nd-probe'),
    ...madeOfOthers('th', macs).map((foreign) => refuse(foreign, 'nd-probe')),
    `${mine} @${claims} ${target} != @${reserved} update @${tentative} { ${target} } ${renewalOf(sets, target)} accept`,
    refuse(`${target} @${tentative}`, 'learn-taken'),
    ...[taken, reserved].flatMap((set) => [
      `${target} @${set} ${foreignProbes} accept`,
      refuse(`${target} @${set}`, 'learn-taken'),
    ]),
    refuse(
      `update @${rates} { ether saddr limit rate over ${maxAddresses}/week burst ${maxAddresses} packets }`,
      'learn-full',
    ),
    ...learnable(learning).map(
      (cidr) =>
        `${prefixMatch(['th', 64], '==', cidr)} ${target} != @${taken} ${target} != @${reserved} ${claimOf(sets, target)} add @${fresh} { ${target} } add @${tentative} { ${target} } accept`,
    ),
    stance === 'observe' ? 'accept' : refuse('', 'learn-full'),
  ]
}

function advertRules(learning: Learning, { stance, refuse, macs }: Manner): readonly string[] {
  const sets = domainSets(learning.domain)
  const { claims, reserved, fresh } = sets
  const { target } = nd
  const { advert } = ndOnly
  const mine = `${target} . ether saddr`
  const notOwn = targetIn(learning.addresses)
  return [
    ...madeOfOthers('th', macs).map((foreign) =>
      refuse(`${advert} ${notOwn} ${foreign}`, 'nd-target'),
    ),
    ...graceRules(learning, { stance, match: advert, field: target, notOwn }),
    refuse(`${advert} ${notOwn} ${mine} != @${claims}`, 'nd-target'),
    refuse(`${advert} ${notOwn} ${target} @${reserved}`, 'nd-target'),
    refuse(`${advert} ${notOwn} ${target} @${fresh}`, 'learn-tentative'),
    `${advert} ${mine} @${claims} ${renewalOf(sets, target)}`,
  ]
}

/** What a guest may send from. */
export function learntSourceRules(
  learning: Learning,
  { stance, refuse, macs }: Manner,
): readonly string[] {
  const sets = domainSets(learning.domain)
  const { claims, reserved, fresh } = sets
  const source = '@nh,64,128'
  const mine = `${source} . ether saddr`
  const match = ofEtherType('ip6')
  const notOwn = noneOf('ip6 saddr', learning.addresses.map(cidr6Text))
  return [
    ...madeOfOthers('nh', macs).map((foreign) =>
      refuse(`${match} ${notOwn} ${foreign}`, 'ip6-source'),
    ),
    ...graceRules(learning, { stance, match, field: source, notOwn }),
    refuse(`${match} ${notOwn} ${mine} != @${claims}`, 'ip6-source'),
    refuse(`${match} ${notOwn} ${source} @${reserved}`, 'ip6-source'),
    refuse(`${match} ${notOwn} ${source} @${fresh}`, 'learn-tentative'),
    `${nd.solicit} ${mine} @${claims} ${renewalOf(sets, source)}`,
  ]
}

/**
 * On what goes to the guest: who objects to a claim of the last moment had the address before, beyond this host; and who tests
 * an address there is heard first. The rules of others' taps see to it that neither is a lie.
 */
export function watchRules({ domain }: Learning, macs: readonly Mac[]): readonly string[] {
  const { claims, taken, tentative, fresh } = domainSets(domain)
  const { target, probe, advert } = nd
  return [
    ...macs.map((mac) => `${advert} ${target} @${fresh} delete @${claims} { ${target} . ${mac} }`),
    `${probe} ${target} != @${taken} add @${tentative} { ${target} }`,
  ]
}

/** Claims by mere use; while only observing always, for what runs there was not asked before. */
function graceRules(
  learning: Learning,
  {
    stance,
    match,
    field,
    notOwn,
  }: {
    readonly stance: Stance
    readonly match: string
    readonly field: string
    readonly notOwn: string
  },
): readonly string[] {
  const sets = domainSets(learning.domain)
  const when = stance === 'observe' ? '' : ` iifname @${shared.grace}`
  const most = `limit rate ${learning.maxAddresses}/week burst ${learning.maxAddresses} packets`
  const [base, offset] = field === nd.target ? (['th', 64] as const) : (['nh', 64] as const)
  return learnable(learning).map(
    (cidr) =>
      `${match}${when} ${notOwn} ${prefixMatch([base, offset], '==', cidr)} ${field} != @${sets.taken} ${field} != @${sets.reserved} ${most} ${claimOf(sets, field)}`,
  )
}

function claimOf({ claims, taken }: DomainSets, field: string): string {
  return `add @${taken} { ${field} } add @${claims} { ${field} . ether saddr }`
}

function renewalOf({ claims, taken }: DomainSets, field: string): string {
  return `update @${claims} { ${field} . ether saddr } update @${taken} { ${field} }`
}

/**
 * The address at bit 64 is one that another hardware address makes (RFC 4291 appendix A), one that begins as the NIC's own do:
 * `aa:..` in Ganeti's clusters. Random identifiers look so once in 2^24.
 *
 *     128         136        152     168        192
 *     | a ^ 2 (8) | b c (16) | fffe  | d e f    |
 */
function madeOfOthers(base: 'nh' | 'th', macs: readonly Mac[]): readonly string[] {
  const own = macs.map((mac) => interfaceId(mac))
  const notOwn = noneOf(
    `@${base},128,64`,
    own.map((id) => `0x${id}`),
  )
  return [...new Set(own.map((id) => id.slice(0, 2)))].map(
    (first) => `@${base},128,40 & 0xff0000ffff == 0x${first}0000fffe ${notOwn}`,
  )
}

/** The sixteen digits of the lower half of the addresses that a hardware address makes. */
function interfaceId(mac: Mac): string {
  return ipv6Number(linkLocalOfMac(mac)).slice(-16)
}

function learnable({ prefixes }: Learning): readonly Cidr6[] {
  return [...prefixes, linkLocal]
}
