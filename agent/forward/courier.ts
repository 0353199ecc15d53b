import { setTimeout as delay } from 'node:timers/promises'
import { type BackoffPolicy, backoffMs } from '#backoff.js'
import { AgentError } from '#errors.js'
import type { PostOutcome } from './outcome.js'

/** How messages are handed over. */
export interface CourierOptions {
  /** Lanes: messages in one lane go one after the other. */
  readonly parallel: number
  readonly backoff: BackoffPolicy
  /** How often a message is tried that is refused for itself, before it is given up; Infinity for never. */
  readonly refusedTries: number
  readonly post: (body: string, signal: AbortSignal) => Promise<PostOutcome>
  /** Told of each try. */
  readonly onOutcome: (outcome: PostOutcome) => void
  readonly random: () => number
}

/** Hands messages over, those about one subject in their order. */
export interface Courier {
  /**
   * Resolves when the message was taken, or with why it was given up.
   * @throws AgentError BROKER_LOST when the signal aborted before: then it must not be acknowledged
   */
  deliver(subject: string, body: string, signal: AbortSignal): Promise<string | undefined>
}

/** A courier with its lanes. */
export function createCourier(options: CourierOptions): Courier {
  const lanes: Promise<unknown>[] = Array.from({ length: options.parallel }, () =>
    Promise.resolve(),
  )
  return {
    deliver(subject, body, signal) {
      const lane = laneOf(subject, options.parallel)
      const work = () => handOver(body, signal, options)
      const done = (lanes[lane] ?? Promise.resolve()).then(work)
      lanes[lane] = done.catch(() => undefined) // whoever asked for it is told; the lane goes on
      return done
    },
  }
}

async function handOver(
  body: string,
  signal: AbortSignal,
  { backoff, refusedTries, post, onOutcome, random }: CourierOptions,
): Promise<string | undefined> {
  for (let attempt = 0, refusals = 0; !signal.aborted; attempt++) {
    const outcome = await post(body, signal)
    if (signal.aborted && outcome.kind !== 'taken') break
    onOutcome(outcome)
    if (outcome.kind === 'taken') return undefined
    if (outcome.kind === 'refused' && ++refusals >= refusedTries) return outcome.why
    const afterMs = outcome.kind === 'again' ? outcome.afterMs : undefined
    const waitMs = Math.max(afterMs ?? 0, backoffMs(backoff, attempt, random()))
    await delay(waitMs, undefined, { signal }).catch(() => undefined)
  }
  throw new AgentError('BROKER_LOST', 'the message was not handed over, and comes again')
}

/** The same subject always has the same lane. */
function laneOf(subject: string, count: number): number {
  let hash = 0
  for (const letter of subject) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0
  return hash % count
}
