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

/** A ledger that starts with nothing handed out. Bounded by what the caller lets be outstanding. */
export function createLedger(start: Place): Ledger {
  // Ascending in both senses: a rewind hands out again only what is in here, in the same order.
  const out = new Map<number, Held & { isAcked: boolean }>()
  let cursor = start
  let reach = start.sequence
  let aheadCount = 0
  let passedMs: number | undefined

  function advance() {
    for (const [sequence, held] of out) {
      if (!held.isAcked) break
      out.delete(sequence)
      aheadCount -= held.count
      passedMs = held.appendedMs ?? passedMs
      cursor = { sequence: sequence + 1, segment: held.segment, offset: held.end }
    }
  }

  return {
    cursor: () => cursor,
    handedOut(held) {
      if (out.has(held.sequence)) return
      out.set(held.sequence, { ...held, isAcked: false })
      reach = held.sequence + 1
    },
    lost(held) {
      if (held.sequence < cursor.sequence || out.has(held.sequence)) return false
      out.set(held.sequence, { ...held, isAcked: true })
      reach = held.sequence + 1
      aheadCount += held.count
      advance()
      return true
    },
    isAcked: (sequence) => sequence < cursor.sequence || out.get(sequence)?.isAcked === true,
    held: (sequence) => out.get(sequence),
    ack(sequence) {
      if (sequence < cursor.sequence) return false
      const held = out.get(sequence)
      invariant(held, `entry ${sequence} was handed out before it is acknowledged`)
      if (held.isAcked) return false
      held.isAcked = true
      aheadCount += held.count
      advance()
      return true
    },
    passTo(place) {
      out.clear()
      aheadCount = 0
      cursor = place
      reach = place.sequence
    },
    reach: () => reach,
    outCount: () => out.size,
    aheadCount: () => aheadCount,
    oldestOutMs() {
      for (const held of out.values()) if (!held.isAcked) return held.appendedMs
      return undefined
    },
    passedMs: () => passedMs,
  }
}
