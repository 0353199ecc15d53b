import type { DropReason, Outcome, PassReason, ReplyKind } from './outcome.js'

/** Everything that an outcome can be called: each is a label of a counter. */
export type OutcomeName = PassReason | DropReason | ReplyKind

/** How often each outcome came. */
export type OutcomeCounts = Readonly<Record<OutcomeName, number>>

/** Where each outcome is counted within a row of counts. */
export const outcomeIndex: OutcomeCounts = {
  'unknown-nic': 0,
  'not-served': 1,
  'not-ours': 2,
  'other-target': 3,
  'duplicate-address-detection': 4,
  'spoofed-source': 5,
  'rate-limited': 6,
  'malformed-ip': 7,
  'malformed-udp': 8,
  'malformed-icmp': 9,
  'malformed-dhcp': 10,
  'malformed-nd': 11,
  fragment: 12,
  'bad-checksum': 13,
  'not-a-request': 14,
  'foreign-chaddr': 15,
  'other-server': 16,
  'unknown-message': 17,
  decline: 18,
  release: 19,
  'no-address': 20,
  'wrong-hop-limit': 21,
  'wrong-source-address': 22,
  'no-client-id': 23,
  'too-large': 24,
  'internal-error': 25,
  offer: 26,
  ack: 27,
  nak: 28,
  'inform-ack': 29,
  'bootp-reply': 30,
  'router-advertisement': 31,
  'neighbour-advertisement': 32,
  'dhcpv6-advertise': 33,
  'dhcpv6-reply': 34,
  'dhcpv6-decline-reply': 35,
}

/** Counts of one row. */
export const countSize = Object.keys(outcomeIndex).length

/** The names in the order of their counts. */
export const outcomeNames: readonly OutcomeName[] = (
  Object.keys(outcomeIndex) as OutcomeName[]
).sort((a, b) => outcomeIndex[a] - outcomeIndex[b])

/** What the outcome is called. */
export function outcomeName(outcome: Outcome): OutcomeName {
  return outcome.kind === 'reply' ? outcome.what : outcome.reason
}

/** The counts of the row that begins at `at`. */
export function readCounts(numbers: ArrayLike<number>, at: number): OutcomeCounts {
  return Object.fromEntries(
    outcomeNames.map((name, index) => [name, numbers[at + index] ?? 0]),
  ) as OutcomeCounts
}

/** The counts that are not zero. */
export function nonZero(counts: OutcomeCounts): Readonly<Partial<OutcomeCounts>> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
