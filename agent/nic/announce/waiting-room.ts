import type { IfName } from '#addr/if-name.js'

/** When announcements are sent, from the moment when the guest was seen to run (RFC 5227 §2.3 and RFC 4861 §7.2.6: some, a second apart). */
export const announceAtMs: readonly number[] = [0, 1000, 2000]

/** What is due now. */
export interface Due {
  /** Taps to look at: does the guest run? Their hosts may ask it. */
  readonly looks: readonly IfName[]
  /** Taps to announce. */
  readonly announcements: readonly IfName[]
}

/** NICs whose guests do not run here yet, and those that are being announced. Pure bookkeeping: the caller brings the clock. */
export interface WaitingRoom {
  /** A NIC was set up; one whose tap is known with this ifindex is no news. */
  enter(tap: IfName, ifindex: number, nowMs: number): void
  /** Its guest ran when we came: whoever was here before has told. */
  pass(tap: IfName, ifindex: number): void
  /** Its guest runs. */
  runs(tap: IfName, nowMs: number): void
  leave(tap: IfName): void
  /** Takes what is due. */
  take(nowMs: number): Due
  /** When something is due next; infinite for never. */
  nextMs(): number
  waitingCount(): number
}

interface Waiting {
  readonly ifindex: number
  readonly sinceMs: number
  lookMs: number
  /** Still to come; none before it was seen to run. */
  readonly announcementsMs: number[]
  hasRun: boolean
}

/** How often a tap is looked at: at first the guest may run at any moment; a large guest takes long to come, and one without a client never sends. */
const lookEveryMs = (waitedMs: number): number => (waitedMs < 60_000 ? 50 : 500)

/** An empty room. */
export function createWaitingRoom(): WaitingRoom {
  const taps = new Map<IfName, Waiting>()

  function nextOf({ hasRun, lookMs, announcementsMs }: Waiting): number {
    return hasRun ? (announcementsMs[0] ?? Number.POSITIVE_INFINITY) : lookMs
  }

  return {
    enter(tap, ifindex, nowMs) {
      if (taps.get(tap)?.ifindex === ifindex) return
      const entry = { ifindex, sinceMs: nowMs, lookMs: nowMs, announcementsMs: [], hasRun: false }
      taps.set(tap, entry)
    },
    pass(tap, ifindex) {
      const entry = { ifindex, sinceMs: 0, lookMs: 0, announcementsMs: [], hasRun: true }
      taps.set(tap, entry)
    },
    runs(tap, nowMs) {
      const entry = taps.get(tap)
      if (entry === undefined || entry.hasRun) return
      entry.hasRun = true
      entry.announcementsMs.push(...announceAtMs.map((ms) => nowMs + ms))
    },
    leave: (tap) => void taps.delete(tap), // whether it was there is of no use
    take(nowMs) {
      const looks: IfName[] = []
      const announcements: IfName[] = []
      for (const [tap, entry] of taps) {
        if (nextOf(entry) > nowMs) continue
        if (entry.hasRun) {
          entry.announcementsMs.shift()
          announcements.push(tap)
        } else {
          looks.push(tap)
          entry.lookMs = nowMs + lookEveryMs(nowMs - entry.sinceMs)
        }
      }
      return { looks, announcements }
    },
    nextMs() {
      let nextMs = Number.POSITIVE_INFINITY
      for (const entry of taps.values()) nextMs = Math.min(nextMs, nextOf(entry))
      return nextMs
    },
    waitingCount: () => [...taps.values()].filter(({ hasRun }) => !hasRun).length,
  }
}
