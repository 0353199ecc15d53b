import { invariant } from '#result.js'
import type { Place } from './segment.js'

/** An entry that was handed out, or a stretch of sequence numbers that turned out to be lost to damage. */
export interface Held {
  /** The sequence number; of a lost stretch the last one. */
  readonly sequence: number
  /** How many sequence numbers this covers: 1 for an entry. */
  readonly count: number
  readonly segment: number
  readonly start: number
  readonly end: number
  /** Undefined for a lost stretch. */
  readonly appendedMs: number | undefined
}

/** Which entries are out and which of them are acknowledged; the cursor moves over the acknowledged prefix. */
export interface Ledger {
  /** Just behind the acknowledged prefix. */
  cursor(): Place
  /** An entry was handed out (once more, after a rewind: then nothing changes). */
  handedOut(held: Held): void
  /** Sequence numbers that nobody will ever see; false when this was known. */
  lost(held: Held): boolean
  isAcked(sequence: number): boolean
  held(sequence: number): Held | undefined
  /** Acknowledges an entry that was handed out; false when it was before. @returns whether anything changed */
  ack(sequence: number): boolean
  /** Everything before this place counts as acknowledged. */
  passTo(place: Place): void
  /** Just behind the last entry or lost stretch that is known here: from there on nothing was handed out. */
  reach(): number
  /** How many entries and lost stretches lie behind the cursor and are known here: its memory. */
  outCount(): number
  /** How many sequence numbers behind the cursor are acknowledged or lost. */
  aheadCount(): number
  /** Append time of the first entry that is out and not acknowledged; undefined when none is. */
  oldestOutMs(): number | undefined
  /** A time before which the first unacknowledged entry was not appended: what the cursor passed last. */
  passedMs(): number | undefined
}

interface Out {
  readonly held: Held
  isAcked: boolean
}

/** A ledger that starts with nothing handed out. Bounded by what the caller lets be outstanding. */
export function createLedger(start: Place): Ledger {
  const out = new Map<number, Out>()
  // The same, from `first` on, ascending: a rewind hands out again only what is in here, in the same order. A Map would be walked over what
  // was deleted from it each time.
  let order: Out[] = []
  let first = 0
  let cursor = start
  let reach = start.sequence
  let aheadCount = 0
  let passedMs: number | undefined

  function advance() {
    let passed: Held | undefined
    for (let one = order[first]; one?.isAcked; one = order[first]) {
      passed = one.held
      out.delete(passed.sequence)
      aheadCount -= passed.count
      passedMs = passed.appendedMs ?? passedMs
      first += 1
    }
    if (!passed) return
    cursor = { sequence: passed.sequence + 1, segment: passed.segment, offset: passed.end }
    if (first < order.length / 2) return
    order = order.slice(first)
    first = 0
  }

  function put(held: Held, isAcked: boolean): void {
    const one: Out = { held, isAcked }
    out.set(held.sequence, one)
    order.push(one)
    reach = held.sequence + 1
  }

  return {
    cursor: () => cursor,
    handedOut(held) {
      if (out.has(held.sequence)) return
      put(held, false)
    },
    lost(held) {
      if (held.sequence < cursor.sequence || out.has(held.sequence)) return false
      put(held, true)
      aheadCount += held.count
      advance()
      return true
    },
    isAcked: (sequence) => sequence < cursor.sequence || out.get(sequence)?.isAcked === true,
    held: (sequence) => out.get(sequence)?.held,
    ack(sequence) {
      if (sequence < cursor.sequence) return false
      const one = out.get(sequence)
      invariant(one, `entry ${sequence} was handed out before it is acknowledged`)
      if (one.isAcked) return false
      one.isAcked = true
      aheadCount += one.held.count
      advance()
      return true
    },
    passTo(place) {
      out.clear()
      order = []
      first = 0
      aheadCount = 0
      cursor = place
      reach = place.sequence
    },
    reach: () => reach,
    outCount: () => out.size,
    aheadCount: () => aheadCount,
    oldestOutMs() {
      return order[first]?.held.appendedMs // the cursor has moved over what is acknowledged
    },
    passedMs: () => passedMs,
  }
}
