import { setTimeout } from 'node:timers/promises'
import { type BackoffPolicy, backoffMs } from '#backoff.js'
import { firstOf } from './first-of.js'
import { createFlight } from './flight.js'
import { createLanes, type HeldBack } from './lanes.js'
import type { Outbox } from './outbox.js'
import { probe } from './probe.js'

/** What became of one body. */
export type SendOutcome =
  | { readonly kind: 'confirmed' }
  /** The other side does not take this one now, and said so of it alone: it is sent again later, its lane waits. */
  | { readonly kind: 'later'; readonly reason: string }
  /** It can never be sent, whatever the other side says: it cannot even be decoded or encoded. */
  | { readonly kind: 'poison'; readonly reason: string }

/**
 * Sends one body. Calls begin in the order of appending and overlap up to the window. Rejects with `BROKER_LOST` or
 * `BROKER_UNREACHABLE` (try again), with `BROKER_REFUSED` (the other side did not want it: find out whether it is
 * this one or all of them), with the signal's reason; anything else is a bug and ends the drain.
 */
export type Send = (body: Uint8Array, signal: AbortSignal) => Promise<SendOutcome>

/** How retries are spread over time. */
export interface Pace {
  readonly backoff: BackoffPolicy
  /** A number in [0, 1). */
  readonly random: () => number
  /** Resolves after that time; rejects when the signal comes. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
}

/** What to drain, into what, how fast. */
export interface DrainOptions extends Partial<Pace> {
  readonly outbox: Outbox
  readonly send: Send
  readonly signal: AbortSignal
  /** How many may be out at once. Default 256: 75 % of a broker's own speed at a quarter of the latency of 1024. */
  readonly windowCount?: number
  /** How many bytes may be out at once, about. Default 4 MiB. */
  readonly windowBytes?: number
  /** An entry refused this often, each time while another one was confirmed, is moved aside. Default 5. */
  readonly refusalCount?: number
  /** How long to wait for what is out when the signal comes. Default 2 s. */
  readonly settleMs?: number
  /** What keeps its order when one of it is not taken now: the same text for the same lane. Default: each entry alone. */
  readonly laneOf?: (body: Uint8Array) => string
  /** Told of each entry that was moved aside. */
  readonly onQuarantine?: (sequence: number, reason: string) => void
  /** Told of what waits because it was not taken now, whenever that changes. */
  readonly onHeldBack?: (held: HeldBack | undefined) => void
}

/**
 * Sends what the outbox holds, in order, and acknowledges what was confirmed, until the signal comes.
 *
 *                +-------------- window full: one settles ------------+
 *                v                                                    |
 *     take --> send --> confirmed: ack -------------------------------+
 *                  |--> poison: quarantine ---------------------------+
 *                  |--> later: its lane waits (`lanes.ts`) ------------+
 *                  |--> lost: all settle, rewind, go on
 *                  '--> refused: all settle, rewind, probe
 *
 * A refusal does not tell whose fault it is: a broker answers one bad message by closing the channel under all that
 * are out. So the first entry is probed alone (`probe.ts`); then the window opens from 1 again, so that the culprit
 * soon is the first. Order within a lane is kept: what was under way behind one that is to be sent later is sent again
 * behind it.
 *
 * What waits in lanes keeps the outbox from forgetting what was confirmed behind it. Before that stops the others, the
 * oldest that waits is moved aside.
 *
 * Resolves after the signal, when everything out has settled or after `settleMs`. Rejects when the outbox cannot be
 * read or is closed, or `send` has a bug.
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { outbox, signal, settleMs = 2000, refusalCount = 5 } = options
  const { windowCount = 256, windowBytes = 4 * 1024 * 1024 } = options
  const pace = paceOf(options)
  const lanes = createLanes({ ...options, ...pace })
  const flight = createFlight({ ...options, windowCount, lanes })
  let leftBehindTries = 0

  async function step(): Promise<void> {
    if (flight.trouble() !== 'none') {
      await flight.landed(signal)
      const trouble = flight.forgive()
      rewind()
      if (trouble === 'refused') {
        const laneOf = lanes.laneOf
        await probe({ ...pace, outbox, flight, laneOf, rewind, signal, refusalCount, windowCount })
        flight.narrow()
      }
      return
    }
    const maxCount = flight.allowedCount() - flight.count()
    const maxBytes = windowBytes - flight.bytes()
    if (maxCount <= 0 || maxBytes <= 0) return flight.changed(signal)
    if (await startDue()) return
    const entries = await outbox.take({ maxCount, maxBytes })
    // What ended while we read goes first: the rewind hands these out again behind it.
    if (flight.trouble() !== 'none') return
    for (const entry of entries) if (!lanes.keepBack(entry)) flight.start(entry)
    if (entries.length === 0 && !(await giveWay())) await idle()
  }

  function rewind(): void {
    outbox.rewind()
    lanes.clear()
  }

  /** Sends the first of a lane that has waited; false when none has. */
  async function startDue(): Promise<boolean> {
    const sequence = lanes.takeDue()
    if (sequence === undefined) return false
    const body = await outbox.read(sequence)
    if (body === undefined) lanes.gone(sequence)
    else flight.start({ sequence, body })
    return true
  }

  /**
   * Moves the oldest that waits aside when it alone keeps others from leaving; false when that need not be, or cannot. Where nothing is
   * taken at all, waiting is right.
   */
  async function giveWay(): Promise<boolean> {
    const oldest = outbox.isStalled() ? lanes.oldest() : undefined
    if (!oldest) return false
    const reason = `${oldest.reason}; moved aside because too much waited behind it`
    return await flight.moveAside(oldest.sequence, reason)
  }

  /** Until there is more to take, or one settles; an entry that could not be moved aside is tried again meanwhile. */
  async function idle(): Promise<void> {
    if (flight.trouble() !== 'none') return
    const isLeftBehind = flight.count() === 0 && flight.takeLeftBehind()
    if (!isLeftBehind)
      return firstOf(signal, (cut) => [outbox.wait(cut), flight.changed(cut), lanes.due(cut)])
    const ms = backoffMs(pace.backoff, leftBehindTries, pace.random())
    leftBehindTries += 1
    await firstOf(signal, (cut) => [outbox.wait(cut), pace.pause(ms, cut), lanes.due(cut)])
    rewind()
  }

  try {
    while (!signal.aborted) await step()
  } catch (error) {
    // The signal cuts whatever the loop waits for; everything else ends the program.
    if (!signal.aborted) throw error
  } finally {
    await firstOf(undefined, (cut) => [flight.landed(cut), pace.pause(settleMs, cut)])
  }
}

function paceOf(options: DrainOptions): Pace {
  const {
    backoff = { firstMs: 500, maxMs: 30_000 },
    random = Math.random,
    pause = (ms, signal) => setTimeout(ms, undefined, { signal }),
  } = options
  return { backoff, random, pause }
}
