import { type BackoffPolicy, backoffMs } from '#backoff.js'
import { createBell } from './bell.js'
import type { Entry } from './outbox.js'

/** What waits because the other side did not take it now. */
export interface HeldBack {
  readonly count: number
  /** Why the oldest of them waits. */
  readonly reason: string
}

/**
 * Lanes that wait. Entries of one lane keep their order; those of others do not wait for them.
 *
 *     sent, not taken now --> its lane waits --> after a pause its first is sent again --> taken: the next, at once
 *                                  ^                                  '--> not taken: a longer pause
 *           behind it in its lane -'
 */
export interface Lanes {
  /** How much waits, undefined when nothing does. */
  heldBack(): HeldBack | undefined
  /** The lane of an entry: what is held back together. */
  laneOf(entry: Entry): string
  /** Whether the entry's lane waits; then it waits too, behind the others. */
  keepBack(entry: Entry): boolean
  /** This one was not taken: its lane waits from here on. */
  hold(entry: Entry, reason: string): void
  /** This one is gone: taken, moved aside, or no longer there. */
  gone(sequence: number): void
  /** The first of a lane whose pause is over, as if it was sent by then; undefined when there is none. */
  takeDue(): number | undefined
  /** The one that waits longest. */
  oldest(): { readonly sequence: number; readonly reason: string } | undefined
  /** Resolves when a lane becomes due; rejects with the signal's reason. */
  due(signal: AbortSignal): Promise<void>
  /** All will be handed out again: none waits. */
  clear(): void
}

interface Lane {
  /** Ascending. */
  readonly sequences: number[]
  reason: string
  state: 'pausing' | 'due' | 'out'
}

/** How long lanes pause, and what a lane is; without `laneOf` each entry is its own. */
export interface LanesOptions {
  readonly laneOf?: ((body: Uint8Array) => string) | undefined
  readonly backoff: BackoffPolicy
  readonly random: () => number
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
  readonly signal: AbortSignal
  /** Told whenever what waits has changed. */
  readonly onHeldBack?: ((held: HeldBack | undefined) => void) | undefined
}

/** Makes lanes of which none waits. There is one pause for all, so a broker that takes nothing is asked rarely. */
export function createLanes(options: LanesOptions): Lanes {
  const { backoff, random, pause, signal, onHeldBack } = options
  const lanes = new Map<string, Lane>()
  const keyOf = new Map<number, string>()
  const bell = createBell()
  let failures = 0
  let isPausing = false

  const laneOf = ({ sequence, body }: Entry) => options.laneOf?.(body) ?? `${sequence}`

  function put(key: string, lane: Lane, sequence: number): void {
    if (keyOf.has(sequence)) return
    keyOf.set(sequence, key)
    const at = lane.sequences.findLastIndex((other) => other < sequence) + 1
    lane.sequences.splice(at, 0, sequence)
    tell()
  }

  function tell(): void {
    onHeldBack?.(heldBack())
  }

  function heldBack(): HeldBack | undefined {
    const [first] = lanes.values()
    return first && { count: keyOf.size, reason: first.reason }
  }

  /** Ends with the signal at the latest; nobody waits for it. */
  async function pauseAll(): Promise<void> {
    isPausing = true
    const ms = backoffMs(backoff, failures, random())
    failures += 1
    await pause(ms, signal).catch(() => undefined) // the drain ends with the same signal
    isPausing = false
    for (const lane of lanes.values()) if (lane.state === 'pausing') lane.state = 'due'
    bell.ring()
  }

  return {
    heldBack,
    laneOf,
    keepBack(entry) {
      if (lanes.size === 0) return false
      const key = laneOf(entry)
      const lane = lanes.get(key)
      if (lane) put(key, lane, entry.sequence)
      return lane !== undefined
    },
    hold(entry, reason) {
      const key = laneOf(entry)
      const lane: Lane = lanes.get(key) ?? { sequences: [], reason, state: 'pausing' }
      lanes.set(key, lane)
      // One that had overtaken comes back while the first is out again: that one's answer decides.
      if (lane.state !== 'out' || lane.sequences[0] === entry.sequence) lane.state = 'pausing'
      lane.reason = reason
      put(key, lane, entry.sequence)
      if (!isPausing) void pauseAll()
    },
    gone(sequence) {
      const key = keyOf.get(sequence)
      const lane = key === undefined ? undefined : lanes.get(key)
      if (key === undefined || !lane) return
      keyOf.delete(sequence)
      lane.sequences.splice(lane.sequences.indexOf(sequence), 1)
      failures = 0
      if (lane.sequences.length === 0) lanes.delete(key)
      else if (lane.state === 'out') lane.state = 'due'
      tell()
    },
    takeDue() {
      for (const lane of lanes.values()) {
        if (lane.state !== 'due') continue
        lane.state = 'out'
        return lane.sequences[0]
      }
      return undefined
    },
    oldest() {
      let found: { readonly sequence: number; readonly reason: string } | undefined
      for (const { sequences, reason, state } of lanes.values()) {
        const [sequence] = sequences
        if (sequence === undefined || state === 'out') continue
        if (!found || sequence < found.sequence) found = { sequence, reason }
      }
      return found
    },
    due: (until) => bell.heard(until),
    clear() {
      lanes.clear()
      keyOf.clear()
      tell()
    },
  }
}
