import { AgentError, hasCode } from '#errors.js'
import { createBell } from './bell.js'
import type { DrainOptions } from './drain.js'
import type { Lanes } from './lanes.js'
import type { Entry } from './outbox.js'

/** Why what was out came back: nothing did, the connection ended, or the other side did not want something. */
export type Trouble = 'none' | 'lost' | 'refused'

/** The entries that are out: sent, neither confirmed nor given up. */
export interface Flight {
  start(entry: Entry): void
  count(): number
  bytes(): number
  /** How many may be out: the window, or fewer for a while after `narrow`. */
  allowedCount(): number
  /** From now on one at a time; each confirmation allows one more, so it doubles per round trip. */
  narrow(): void
  /** Resolves when one settles; rejects with the signal's reason. */
  changed(signal: AbortSignal): Promise<void>
  /** Resolves when none is out; rejects with the signal's reason. */
  landed(signal: AbortSignal): Promise<void>
  trouble(): Trouble
  /** Answers the trouble and forgets it. Throws the error that no retry cures. */
  forgive(): Trouble
  /** Moves an entry to the quarantine; when that is not possible now, leaves it where it is and answers false. */
  moveAside(sequence: number, reason: string): Promise<boolean>
  /** An entry should have been moved aside and could not be: it was left where it is. Forgotten when asked. */
  takeLeftBehind(): boolean
}

interface Flying {
  readonly entry: Entry
  /** Why one before it in its lane was not taken, once that is known. */
  overtook: string | undefined
}

/** Keeps count of what is out, acknowledges it when it is confirmed and moves poison aside. */
export function createFlight(
  options: DrainOptions & { readonly windowCount: number; readonly lanes: Lanes },
): Flight {
  const { outbox, send, signal, windowCount, lanes, onQuarantine } = options
  const bell = createBell()
  const out = new Map<number, Flying>()
  let bytes = 0
  let allowedCount = windowCount
  let trouble: Trouble = 'none'
  let fatal: unknown
  let isLeftBehind = false

  async function fly(flying: Flying): Promise<void> {
    const { entry } = flying
    const { sequence, body } = entry
    try {
      const outcome = await send(body, signal)
      if (outcome.kind === 'poison') await moveAside(sequence, outcome.reason)
      else if (outcome.kind === 'later') holdBack(entry, outcome.reason)
      else if (flying.overtook !== undefined) lanes.hold(entry, flying.overtook)
      else {
        outbox.ack(sequence)
        lanes.gone(sequence)
      }
      if (outcome.kind !== 'poison') allowedCount = Math.min(windowCount, allowedCount + 1)
    } catch (error) {
      judge(error)
    }
    out.delete(sequence)
    bytes -= body.length
    bell.ring()
  }

  /** Those of its lane that left behind it have overtaken it when they are confirmed: they are sent once more, behind it. */
  function holdBack(entry: Entry, reason: string): void {
    const lane = lanes.laneOf(entry)
    lanes.hold(entry, reason)
    for (const flying of out.values()) {
      const isBehind = flying.entry.sequence > entry.sequence
      if (isBehind && lanes.laneOf(flying.entry) === lane) flying.overtook = reason
    }
  }

  async function moveAside(sequence: number, reason: string): Promise<boolean> {
    try {
      await outbox.quarantine(sequence, reason)
    } catch (error) {
      if (!hasCode(error, 'OUTBOX_WRITE')) throw error
      // The disk is full or fails: it must not keep the others from leaving, for that is what frees space.
      isLeftBehind = true
      return false
    }
    lanes.gone(sequence)
    onQuarantine?.(sequence, reason)
    return true
  }

  function judge(error: unknown) {
    if (signal.aborted) return
    if (hasCode(error, 'BROKER_REFUSED')) trouble = 'refused'
    else if (hasCode(error, 'BROKER_LOST') || hasCode(error, 'BROKER_UNREACHABLE')) {
      if (trouble === 'none') trouble = 'lost'
    } else fatal ??= error ?? new AgentError('BROKER_LOST', 'send rejected without a reason')
  }

  return {
    start(entry) {
      bytes += entry.body.length
      const flying: Flying = { entry, overtook: undefined }
      out.set(entry.sequence, flying)
      // Never rejects: it catches everything and rings.
      void fly(flying)
    },
    count: () => out.size,
    bytes: () => bytes,
    allowedCount: () => allowedCount,
    narrow() {
      allowedCount = 1
    },
    changed: (until) => bell.heard(until),
    async landed(until) {
      while (out.size > 0) await bell.heard(until)
    },
    trouble: () => (fatal === undefined ? trouble : 'lost'),
    forgive() {
      if (fatal !== undefined) throw fatal
      const was = trouble
      trouble = 'none'
      return was
    },
    moveAside,
    takeLeftBehind() {
      const was = isLeftBehind
      isLeftBehind = false
      return was
    },
  }
}
