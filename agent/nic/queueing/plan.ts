import type { IfName } from '#addr/if-name.js'
import type { NicMode, NicService } from '#binding/service.js'
import { assertNever } from '#result.js'

/** A tap whose packets are wanted, and which of them. */
export interface ServedTap {
  readonly tap: IfName
  readonly mode: NicMode
  readonly whenDown: WhenDown
  readonly dhcp4: boolean
  readonly ra: boolean
  readonly nd: boolean
  readonly dhcp6: boolean
}

/** What becomes of packets while nobody answers: they go on as if we did not exist, or they end. */
export type WhenDown = 'pass' | 'drop'

/** Kinds of packets with a queue of their own: requests to port 67, router and neighbour solicitations, requests to port 547. */
export const queuedServices = ['dhcp4', 'ra', 'nd', 'dhcp6'] as const

/** One of {@link queuedServices}. */
export type QueuedService = (typeof queuedServices)[number]

/**
 * Queue numbers, 0 to 65535 each. Networks that drop have queues of their own, `dropOffset` above: fail-open, which lets
 * packets pass when a queue is full, is a property of a queue and not of a rule (NFQA_CFG_F_FAIL_OPEN, linux/netfilter/nfnetlink_queue.h).
 */
export type QueueNumbers = Readonly<Record<QueuedService, number>> & { readonly dropOffset: number }

/**
 * One wish: packets of this kind from this tap go to this queue.
 *
 * `place` is where the kernel shows the tap as the interface that a packet came in by: `bridged` for a port of a bridge,
 * `routed` for an interface that hands its packets to the IP layer itself.
 */
export interface QueueEntry {
  readonly place: 'bridged' | 'routed'
  readonly service: QueuedService
  readonly whenDown: WhenDown
  readonly tap: IfName
}

/** What should be queued on this host. */
export interface QueueingPlan {
  /** By {@link entryKey}. */
  readonly entries: ReadonlyMap<string, QueueEntry>
  /** Taps that cannot be served: no hook of the kernel that can queue sees their packets. */
  readonly unreachable: readonly IfName[]
}

/**
 * Merges what the NICs of each tap are told: a tap can carry several (two hardware addresses behind one interface), and rules
 * know taps only. Where they differ, whoever wants silence wins.
 */
export function servedTaps(services: Iterable<NicService>): ReadonlyMap<IfName, ServedTap> {
  const taps = new Map<IfName, ServedTap>()
  for (const { tap, mode, whenDown, dhcp4, ra, neighbours, dhcp6 } of services) {
    const other = taps.get(tap)
    taps.set(tap, {
      tap,
      mode,
      whenDown: other?.whenDown === 'drop' ? 'drop' : whenDown,
      dhcp4: other?.dhcp4 === true || dhcp4 !== undefined,
      ra: other?.ra === true || ra !== undefined,
      nd: other?.nd === true || neighbours !== undefined,
      dhcp6: other?.dhcp6 === true || dhcp6 !== undefined,
    })
  }
  return taps
}

/**
 * What should be queued for these taps. A tap of mode `ext` was attached by a script that we do not know: it is asked for in
 * both places, and the kernel shows it in one. A port of Open vSwitch is in neither: its frames leave the usual path before
 * the first hook that can queue (rx_handler in net/core/dev.c; a netdev hook comes earlier but has no queue statement).
 */
export function planQueueing(taps: Iterable<ServedTap>): QueueingPlan {
  const entries = new Map<string, QueueEntry>()
  const unreachable: IfName[] = []
  for (const served of taps) {
    const wanted = queuedServices.filter((service) => served[service])
    const places = placesOf(served.mode)
    if (places.length === 0 && wanted.length > 0) unreachable.push(served.tap)
    for (const place of places) {
      for (const service of wanted) {
        const entry = { place, service, whenDown: served.whenDown, tap: served.tap }
        entries.set(entryKey(entry), entry)
      }
    }
  }
  return { entries, unreachable }
}

/** The identity of an entry, as text: `bridged dhcp4 pass tap0`. */
export function entryKey({ place, service, whenDown, tap }: QueueEntry): string {
  return `${place} ${service} ${whenDown} ${tap}`
}

/** The queue that packets of an entry go to. */
export function queueNumber(
  numbers: QueueNumbers,
  { service, whenDown }: Pick<QueueEntry, 'service' | 'whenDown'>,
): number {
  return numbers[service] + (whenDown === 'drop' ? numbers.dropOffset : 0)
}

/** What must be added and what must go to come from one set of entries to another. */
export function entryChanges(
  from: ReadonlyMap<string, QueueEntry>,
  to: ReadonlyMap<string, QueueEntry>,
): { readonly added: readonly QueueEntry[]; readonly removed: readonly QueueEntry[] } {
  return {
    added: [...to].flatMap(([key, entry]) => (from.has(key) ? [] : [entry])),
    removed: [...from].flatMap(([key, entry]) => (to.has(key) ? [] : [entry])),
  }
}

function placesOf(mode: NicMode): readonly QueueEntry['place'][] {
  switch (mode) {
    case 'bridged':
      return ['bridged']
    case 'routed':
      return ['routed']
    case 'ext':
      return ['bridged', 'routed']
    case 'openvswitch':
      return []
    default:
      return assertNever(mode)
  }
}
