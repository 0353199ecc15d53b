import {
  type QueuedService,
  type QueueEntry,
  type QueueNumbers,
  queuedServices,
  queueNumber,
  type WhenDown,
} from './plan.js'

/** Our base chain. */
export const baseChain = 'queueing'

/** Both ways to be when nobody answers. */
export const bothDowns: readonly WhenDown[] = ['pass', 'drop']

/** The inner chain of a kind of packets. */
export function chainOf(service: QueuedService): string {
  return `queue_${service}`
}

/** The set of taps of a kind of packets. */
export function setOf(service: QueuedService, whenDown: WhenDown): string {
  return `${service}_${whenDown}`
}

/** Families in which we have a table: ports of bridges are seen in `bridge`, all else in `inet`. */
export const nftFamilies = ['bridge', 'inet'] as const

/** One of {@link nftFamilies}. */
export type NftFamily = (typeof nftFamilies)[number]

/** The table that all rules of this suite live in. */
export const nftTable = 'okeanid'

/**
 * Where queueing stands among the hooks of prerouting, in both families. Whatever has a verdict from the queue goes on behind
 * it, so anti-spoofing belongs before (-320), firewall and server guard after (-300 and later). Earlier than all others that
 * commonly drop: ebtables nat (-300 in `bridge`), raw (-300), firewalld (-290), conntrack (-200), br_netfilter (0 in `bridge`).
 */
export const queueingPriority = -310

/**
 * A script (nft(8) `-f`) that makes everything new in one transaction, whatever was there before: there is no moment without.
 *
 * The base chain costs every frame of every guest four short rules; names are looked up in sets only for the few that match.
 * No rule is per tap, so a tap more or less is an element more or less.
 */
export function nftInstallScript(
  numbers: QueueNumbers,
  entries: ReadonlyMap<string, QueueEntry>,
): string {
  const lines = nftFamilies.flatMap((family) => [
    ...emptied(family, baseSpec),
    ...queuedServices.flatMap((service) => [
      `add rule ${family} ${nftTable} ${baseChain} ${matches[family][service]} goto ${chainOf(service)}`,
      ...bothDowns.map(
        (whenDown) =>
          `add rule ${family} ${nftTable} ${chainOf(service)} iifname @${setOf(service, whenDown)} ${queueStatement(numbers, service, whenDown)}`,
      ),
    ]),
  ])
  return [...lines, ...elementLines('add', [...entries.values()]), ''].join('\n')
}

/** A script that adds and removes entries where our rules are. Fails as a whole where they are not, or where an entry to remove is gone. */
export function nftChangeScript({
  added,
  removed,
}: {
  readonly added: readonly QueueEntry[]
  readonly removed: readonly QueueEntry[]
}): string {
  return [...elementLines('delete', removed), ...elementLines('add', added), ''].join('\n')
}

/** A script that removes whatever is ours, also when nothing is there; the tables stay for those who share them. */
export function nftRemoveScript(): string {
  return [
    ...nftFamilies.flatMap((family) => [
      ...emptied(family, ''),
      `delete chain ${family} ${nftTable} ${baseChain}`,
      ...queuedServices.map((service) => `delete chain ${family} ${nftTable} ${chainOf(service)}`),
      ...queuedServices.flatMap((service) =>
        bothDowns.map((whenDown) => `delete set ${family} ${nftTable} ${setOf(service, whenDown)}`),
      ),
    ]),
    '',
  ].join('\n')
}

/** A script that the kernel takes only where nft can queue in both families; for nft's check mode (`-c`), which puts nothing in place. */
export function nftProbeScript(): string {
  return nftFamilies
    .flatMap((family) => [
      `add table ${family} ${nftTable}-probe`,
      `add chain ${family} ${nftTable}-probe probe { type filter hook prerouting priority ${queueingPriority}; }`,
      `add rule ${family} ${nftTable}-probe probe udp dport 67 queue num 0 bypass`,
      '',
    ])
    .join('\n')
}

/**
 * `ether type` is read from the frame as it was on the wire, tag included: what a guest tags itself is not ours. Later fragments
 * have no ports, but Linux 6.12 compares what stands at their place (nft_payload_fast_eval), hence the condition on the
 * offset; over IPv6 it does not, and behind extension headers it looks by itself.
 */
const matches: Readonly<Record<NftFamily, Readonly<Record<QueuedService, string>>>> = {
  bridge: {
    dhcp4: 'ether type ip udp dport 67 ip frag-off & 0x1fff == 0',
    ra: 'ether type ip6 icmpv6 type nd-router-solicit',
    nd: 'ether type ip6 icmpv6 type nd-neighbor-solicit',
    dhcp6: 'ether type ip6 udp dport 547',
  },
  inet: {
    dhcp4: 'meta nfproto ipv4 udp dport 67 ip frag-off & 0x1fff == 0',
    ra: 'icmpv6 type nd-router-solicit',
    nd: 'icmpv6 type nd-neighbor-solicit',
    dhcp6: 'meta nfproto ipv6 udp dport 547',
  },
}

const baseSpec = ` { type filter hook prerouting priority ${queueingPriority}; policy accept; }`

/** The older spelling, which every nft since 0.9 takes. */
function queueStatement(numbers: QueueNumbers, service: QueuedService, whenDown: WhenDown): string {
  const number = queueNumber(numbers, { service, whenDown })
  return `queue num ${number}${whenDown === 'pass' ? ' bypass' : ''}`
}

/** Makes sure that sets and inner chains exist and are empty. */
function emptied(family: NftFamily, spec: string): readonly string[] {
  const table = `${family} ${nftTable}`
  const sets = queuedServices.flatMap((service) => bothDowns.map((down) => setOf(service, down)))
  return [
    `add table ${table}`,
    `add chain ${table} ${baseChain}${spec}`,
    `flush chain ${table} ${baseChain}`,
    ...queuedServices
      .map(chainOf)
      .flatMap((chain) => [`add chain ${table} ${chain}`, `flush chain ${table} ${chain}`]),
    ...sets.flatMap((set) => [
      `add set ${table} ${set} { type ifname; }`,
      `flush set ${table} ${set}`,
    ]),
  ]
}

/** One line a set, for nft's time grows with the commands. */
function elementLines(verb: 'add' | 'delete', entries: readonly QueueEntry[]): readonly string[] {
  const bySet = new Map<string, string[]>()
  for (const { place, service, whenDown, tap } of entries) {
    const set = `${place === 'bridged' ? 'bridge' : 'inet'} ${nftTable} ${setOf(service, whenDown)}`
    const taps = bySet.get(set)
    if (taps === undefined) bySet.set(set, [`"${tap}"`])
    else taps.push(`"${tap}"`)
  }
  return [...bySet].map(([set, taps]) => `${verb} element ${set} { ${taps.join(', ')} }`)
}
