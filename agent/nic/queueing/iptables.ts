import { treeOfRules } from './iptables-tree.js'
import { type QueuedService, type QueueEntry, type QueueNumbers, queueNumber } from './plan.js'

/** The Internet protocols, each with tables and programs of its own. */
export type IpVersion = 4 | 6

/**
 * The table that the rules stand in: its hook comes first of all (-300), before conntrack makes an entry for each request and
 * before whatever drops in mangle or by the reverse path.
 */
export const iptablesTable = 'raw'

/** What a table has of ours, in the words of iptables-save(8). */
export interface IptablesState {
  /** Rules of PREROUTING that lead into our chains. */
  readonly jumps: readonly string[]
  /** Our chains with their rules, without `-A CHAIN`. */
  readonly chains: ReadonlyMap<string, readonly string[]>
}

/** The kinds of packets that a protocol has. */
const servicesOf: Readonly<Record<IpVersion, readonly QueuedService[]>> = {
  4: ['dhcp4'],
  6: ['ra', 'nd', 'dhcp6'],
}

const chainPrefix = 'OKEANID-'

/** Exactly as iptables-save tells them, for the comparison. */
const matches: Readonly<Record<QueuedService, string>> = {
  dhcp4: '-p udp -m udp --dport 67',
  ra: '-p ipv6-icmp -m icmp6 --icmpv6-type 133',
  nd: '-p ipv6-icmp -m icmp6 --icmpv6-type 135',
  dhcp6: '-p udp -m udp --dport 547',
}

/** What should be there. A port of a bridge is known by `physdev`, for its packets come in by the bridge. */
export function iptablesDesired(
  version: IpVersion,
  { numbers, entries }: { readonly numbers: QueueNumbers; readonly entries: Iterable<QueueEntry> },
): IptablesState {
  const chains = new Map<string, readonly string[]>()
  const all = [...entries]
  for (const service of servicesOf[version]) {
    const own = all.filter((entry) => entry.service === service)
    const trees = places.map((place) => placeTree(service, place, { numbers, entries: own }))
    for (const tree of trees) for (const [chain, rules] of tree) chains.set(chain, rules)
    chains.set(
      chainOf(service),
      trees.flatMap((tree) => tree.get(chainOf(service)) ?? []),
    )
  }
  return { jumps: servicesOf[version].map(jumpTo), chains }
}

/** Reads the output of `iptables-save -t raw`; what others have there is not looked at. */
export function readIptablesSave(text: string): IptablesState {
  const jumps: string[] = []
  const chains = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const declared = /^:(OKEANID-\S+)/.exec(line)?.[1]
    if (declared !== undefined) chains.set(declared, [])
    const [, chain, rule] = /^-A (\S+) (.*)$/.exec(line) ?? []
    if (chain === undefined || rule === undefined) continue
    if (chain === 'PREROUTING' && rule.includes(` ${chainPrefix}`)) jumps.push(rule)
    else chains.get(chain)?.push(rule)
  }
  return { jumps, chains }
}

/**
 * Text for `iptables-restore --noflush` that makes ours as it should be in one step; undefined when it is. Chains that are as they
 * should be are not touched. Our jumps come first: a rule of another before them could keep requests from us.
 */
export function iptablesChangeText(
  current: IptablesState,
  desired: IptablesState,
): string | undefined {
  const changed = [...desired.chains].filter(
    ([chain, rules]) => current.chains.get(chain)?.join('\n') !== rules.join('\n'),
  )
  const stale = [...current.chains.keys()].filter((chain) => !desired.chains.has(chain))
  const hasJumps = sameLines(current.jumps, desired.jumps)
  if (changed.length === 0 && stale.length === 0 && hasJumps) return undefined
  return table([
    ...changed.map(([chain]) => `:${chain} - [0:0]`),
    ...stale.map((chain) => `:${chain} - [0:0]`),
    ...changed.flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
    ...(hasJumps ? [] : current.jumps.map((rule) => `-D PREROUTING ${rule}`)),
    ...(hasJumps ? [] : desired.jumps.map((rule) => `-I PREROUTING ${rule}`)),
    ...stale.map((chain) => `-X ${chain}`),
  ])
}

/** Text that removes whatever is ours; undefined when there is nothing. */
export function iptablesRemoveText({ jumps, chains }: IptablesState): string | undefined {
  if (jumps.length === 0 && chains.size === 0) return undefined
  const names = [...chains.keys()]
  return table([
    ...jumps.map((rule) => `-D PREROUTING ${rule}`),
    ...names.map((chain) => `-F ${chain}`),
    ...names.map((chain) => `-X ${chain}`),
  ])
}

/** What differs, one sentence each; empty when all is as it should be. The order of a chain's rules does not matter. */
export function iptablesDrift(current: IptablesState, desired: IptablesState): readonly string[] {
  const has = (rules: readonly string[] | undefined) => new Set(rules)
  return [
    ...differences('PREROUTING', has(current.jumps), has(desired.jumps)),
    ...[...desired.chains].flatMap(([chain, rules]) =>
      current.chains.has(chain)
        ? differences(chain, has(current.chains.get(chain)), has(rules))
        : [`chain ${chain} is missing`],
    ),
    ...[...current.chains.keys()].flatMap((chain) =>
      desired.chains.has(chain) ? [] : [`too much: chain ${chain}`],
    ),
  ]
}

function differences(
  chain: string,
  current: ReadonlySet<string>,
  desired: ReadonlySet<string>,
): readonly string[] {
  return [
    ...[...desired].flatMap((rule) => (current.has(rule) ? [] : [`missing: ${chain} ${rule}`])),
    ...[...current].flatMap((rule) => (desired.has(rule) ? [] : [`too much: ${chain} ${rule}`])),
  ]
}

function chainOf(service: QueuedService): string {
  return `${chainPrefix}${service.toUpperCase()}`
}

function jumpTo(service: QueuedService): string {
  return `${matches[service]} -j ${chainOf(service)}`
}

const places = ['bridged', 'routed'] as const

/** Short, for a chain's name has at most 28 characters (XT_EXTENSION_MAXNAMELEN) and the beginning of a tap's name up to 14. */
const letters: Readonly<Record<QueuedService | QueueEntry['place'], string>> = {
  dhcp4: '4',
  ra: 'R',
  nd: 'N',
  dhcp6: '6',
  bridged: 'b',
  routed: 'r',
}

/** The chains of one kind of packets for one kind of taps; both kinds of taps share the first chain. */
function placeTree(
  service: QueuedService,
  place: QueueEntry['place'],
  { numbers, entries }: { readonly numbers: QueueNumbers; readonly entries: readonly QueueEntry[] },
): ReadonlyMap<string, readonly string[]> {
  const rules = entries
    .filter((entry) => entry.place === place)
    .map((entry) => ({ tap: entry.tap, rule: ruleOf(numbers, entry) }))
  return treeOfRules(
    {
      root: chainOf(service),
      chainOf: (prefix) => `${chainPrefix}${letters[service]}${letters[place]}.${prefix}`,
      gotoRule: (prefix, chain) => `${nameMatch(place, `${prefix}+`)} -g ${chain}`,
    },
    rules,
  )
}

function ruleOf(numbers: QueueNumbers, entry: QueueEntry): string {
  const bypass = entry.whenDown === 'pass' ? ' --queue-bypass' : ''
  return `${nameMatch(entry.place, entry.tap)} -j NFQUEUE --queue-num ${queueNumber(numbers, entry)}${bypass}`
}

/** A final `+` fits all names that begin so. */
function nameMatch(place: QueueEntry['place'], name: string): string {
  return place === 'bridged' ? `-m physdev --physdev-in ${name}` : `-i ${name}`
}

function sameLines(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && other.every((line) => one.includes(line))
}

function table(lines: readonly string[]): string {
  return [`*${iptablesTable}`, ...lines, 'COMMIT', ''].join('\n')
}
