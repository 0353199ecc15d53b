import { setTimeout as delay } from 'node:timers/promises'
import { type BackoffPolicy, backoffMs } from '#backoff.js'
import type { Incoming } from './incoming.js'

/** Takes messages one batch after the other. */
export interface Batcher {
  /**
   * Resolves when the message was taken, or put aside, or is not wanted any more.
   * @param isLive whether that still matters to whoever brought it
   */
  push(message: Incoming, isLive: () => boolean): Promise<void>
  /** Resolves when nothing is under way; what waits is not begun any more. Idempotent. */
  close(): Promise<void>
}

/** How a batcher takes messages. */
export interface BatcherOptions {
  /** Takes all of them or none. */
  readonly take: (messages: readonly Incoming[]) => Promise<void>
  /** Puts one aside that `take` will never take. */
  readonly bury: (message: Incoming, error: unknown) => Promise<void>
  /** Whether a failure may go by itself. */
  readonly isTransient: (error: unknown) => boolean
  readonly maxCount: number
  readonly backoff: BackoffPolicy
  /** In [0, 1). */
  readonly random: () => number
  /** Called at each failure that is waited out. */
  readonly onRetry?: (error: unknown) => void
}

interface Waiting {
  readonly message: Incoming
  readonly isLive: () => boolean
  readonly done: () => void
}

/**
 * Makes batches of whatever came while the last one was taken: one message at a time while little comes, hundreds when much does;
 * nothing ever waits for company.
 *
 * A failure that may go by itself is waited out, in order. Any other one is the fault of a message: halves of the batch are taken,
 * and halves of those, until it is alone and is put aside.
 */
export function createBatcher(options: BatcherOptions): Batcher {
  const { take, bury, isTransient, maxCount, backoff, random, onRetry = () => {} } = options
  const stop = new AbortController()
  const waiting: Waiting[] = []
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    while (waiting.length > 0 && !stop.signal.aborted) await takeAll(waiting.splice(0, maxCount))
    running = undefined
  }

  async function takeAll(batch: readonly Waiting[]): Promise<void> {
    const live = batch.filter((one) => {
      if (!one.isLive()) one.done()
      return one.isLive()
    })
    if (live.length === 0) return
    const messages = live.map(({ message }) => message)
    const error = await attempt(live, () => take(messages))
    const [first] = live
    if (error === undefined || first === undefined) return
    if (live.length === 1) {
      // Where even that fails it is waited out: it must not be lost.
      await attempt(live, () => bury(first.message, error.cause), { isPatient: true })
      return
    }
    const half = live.length >> 1
    await takeAll(live.slice(0, half))
    await takeAll(live.slice(half))
  }

  /** Until it succeeds, fails for good, or nobody wants it any more. @returns how it failed for good */
  async function attempt(
    batch: readonly Waiting[],
    work: () => Promise<void>,
    { isPatient = false } = {},
  ): Promise<{ readonly cause: unknown } | undefined> {
    for (let attempts = 0; ; attempts += 1) {
      try {
        await work()
        for (const { done } of batch) done()
        return undefined
      } catch (error) {
        if (!isPatient && !isTransient(error)) return { cause: error }
        onRetry(error)
        const pauseMs = backoffMs(backoff, attempts, random())
        await delay(pauseMs, undefined, { signal: stop.signal }).catch(() => undefined)
        // Those of a connection that has ended come again on the next one, where they keep their place.
        if (stop.signal.aborted || !batch.some(({ isLive }) => isLive())) {
          for (const { done, isLive } of batch) if (!isLive()) done()
          return undefined
        }
      }
    }
  }

  return {
    push(message, isLive) {
      return new Promise((resolve) => {
        waiting.push({ message, isLive, done: resolve })
        running ??= Promise.resolve().then(run)
      })
    },
    async close() {
      stop.abort()
      await running
      waiting.splice(0)
    },
  }
}
