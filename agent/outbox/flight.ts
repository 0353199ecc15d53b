import { AgentError, hasCode } from '#errors.js'
import { createBell } from './bell.js'
import type { DrainOptions } from './drain.js'
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
  /** Moves an entry to the quarantine; when that is not possible now, leaves it where it is. */
  moveAside(sequence: number, reason: string): Promise<void>
  /** An entry should have been moved aside and could not be: it was left where it is. Forgotten when asked. */
  takeLeftBehind(): boolean
}

/** Keeps count of what is out, acknowledges it when it is confirmed and moves poison aside. */
export function createFlight(options: DrainOptions & { readonly windowCount: number }): Flight {
  const { outbox, send, signal, windowCount, onQuarantine } = options
  const bell = createBell()
  let count = 0
  let bytes = 0
  let allowedCount = windowCount
  let trouble: Trouble = 'none'
  let fatal: unknown
  let isLeftBehind = false

  async function fly({ sequence, body }: Entry): Promise<void> {
    try {
      const outcome = await send(body, signal)
      if (outcome.kind === 'confirmed') {
        outbox.ack(sequence)
        allowedCount = Math.min(windowCount, allowedCount + 1)
      } else {
        await moveAside(sequence, outcome.reason)
      }
    } catch (error) {
      judge(error)
    }
    count -= 1
    bytes -= body.length
    bell.ring()
  }

  async function moveAside(sequence: number, reason: string): Promise<void> {
    try {
      await outbox.quarantine(sequence, reason)
    } catch (error) {
      if (!hasCode(error, 'OUTBOX_WRITE')) throw error
      // The disk is full or fails: it must not keep the others from leaving, for that is what frees space.
      isLeftBehind = true
      return
    }
    onQuarantine?.(sequence, reason)
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
      count += 1
      bytes += entry.body.length
      // Never rejects: it catches everything and rings.
      void fly(entry)
    },
    count: () => count,
    bytes: () => bytes,
    allowedCount: () => allowedCount,
    narrow() {
      allowedCount = 1
    },
    changed: (until) => bell.heard(until),
    async landed(until) {
      while (count > 0) await bell.heard(until)
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
