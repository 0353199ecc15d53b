import type { IfName } from '#addr/if-name.js'

/** Families that have tables of ours with state. */
export type StatefulFamily = 'bridge' | 'inet'

/**
 * ICMP without which IPv4 does not work, or nobody could tell that it does: errors (path MTU discovery among them) and echo
 * requests, which a guest answers only to who asked.
 */
const essentialIcmp = [
  'destination-unreachable',
  'echo-request',
  'time-exceeded',
  'parameter-problem',
]

/** The same for IPv6 (RFC 4890 4.3.1 and 4.4.1): neighbour discovery and the listeners' part of multicast as well. */
const essentialIcmpv6 = [
  'destination-unreachable',
  'packet-too-big',
  'time-exceeded',
  'parameter-problem',
  'echo-request',
  'mld-listener-query',
  'mld-listener-report',
  'mld-listener-done',
  'mld2-listener-report',
  'nd-router-advert',
  'nd-neighbor-solicit',
  'nd-neighbor-advert',
]

/** The set of taps whose guests' streams may be older than what this node's conntrack knows. */
export const resuming = 'resuming'

/**
 * Commands of nft that let streams go on which run since before the rules: those of a guest that has just come from another
 * node, or whose profile has just changed. For a while TCP segments that can open nothing pass without state; the guest's
 * answer makes the state. Without, a stream in which only the far end has something to say would be cut.
 */
export function resumeLines(family: StatefulFamily, tap: IfName): readonly string[] {
  return [`add element ${family} okeanid ${resuming} { "${tap}" timeout ${resumeSeconds}s }`]
}

/** On a bridge the rules are there when a migration begins, and the guest comes when it ends: most take less than that. */
const resumeSeconds = 300

/**
 * Commands of nft for the sets that stateful rules of a family look into; given again they change nothing.
 * @param isCapped whether guests may be refused anything
 */
export function trackingObjects(
  family: StatefulFamily,
  { isCapped }: { readonly isCapped: boolean },
): readonly string[] {
  const table = `${family} okeanid`
  return [
    `add table ${table}`,
    `add set ${table} essential_icmp { type icmp_type; }`,
    `add element ${table} essential_icmp { ${essentialIcmp.join(', ')} }`,
    `add set ${table} ${resuming} { type ifname; size 65535; flags timeout; }`,
    `add set ${table} essential_icmpv6 { type icmpv6_type; }`,
    `add element ${table} essential_icmpv6 { ${essentialIcmpv6.join(', ')} }`,
    ...(isCapped ? capLines(table) : []),
  ]
}

/**
 * All guests of a host share one table of connections, those without a firewall as well: none may fill it. Counted per tap, once
 * conntrack (-200) has looked; only connections that the guest opens itself.
 */
function capLines(table: string): readonly string[] {
  const chain = `${table} guests_connections`
  return [
    `add set ${table} connections { type ifname; size 65535; flags dynamic; }`,
    `add chain ${chain} { type filter hook prerouting priority -150; policy accept; }`,
    `flush chain ${chain}`,
    ...guestNames.map(
      (names) =>
        `add rule ${chain} iifname "${names}" ct state new add @connections { iifname ct count over ${maxConnections} } counter drop comment "connection-cap"`,
    ),
  ]
}

/** What KVM and Xen call the taps of guests. */
const guestNames = ['tap*', 'vif*']

/**
 * A sixteenth of the 262,144 that nf_conntrack_max is on hosts of any size. Each new connection at the limit costs a walk over all
 * that are there: 37 us with so many, 14 us with half (Linux 6.18, one core; docs/firewall.md).
 */
const maxConnections = 16_384
