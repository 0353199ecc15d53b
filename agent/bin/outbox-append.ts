import { setTimeout as delay } from 'node:timers/promises'
import { backoffMs } from '#backoff.js'
import { hasCode } from '#errors.js'
import { encodeMessage } from '#event/codec.js'
import type { Message } from '#event/message.js'
import type { Outbox } from '#outbox/outbox.js'
import type { Log } from '#service/log.js'
import type { EventCounters } from './event-counters.js'

/** While the outbox cannot be written: how often it is tried again. */
const appendBackoff = { firstMs: 200, maxMs: 10_000 }

/**
 * Writes messages to the outbox, and tries until it took them. The answer is false when told to stop before that: then the caller must
 * not forget what they tell, and nothing is lost.
 */
export async function appendMessages(
  {
    outbox,
    log,
    counters,
  }: { readonly outbox: Outbox; readonly log: Log; readonly counters: EventCounters },
  messages: readonly Message[],
  signal: AbortSignal,
): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      await outbox.append(messages.map(encodeMessage))
      counters.messages.add(messages.length)
      if (attempt > 0) log('info', 'outbox-writable-again', { attempts: attempt })
      return true
    } catch (error) {
      if (!hasCode(error, 'OUTBOX_WRITE')) throw error
      counters.appendFailures.add()
      log('error', 'outbox-not-writable', { problem: String(error), waiting: messages.length })
      await delay(backoffMs(appendBackoff, attempt, Math.random()), undefined, { signal }).catch(
        () => undefined,
      )
      if (signal.aborted) return false
    }
  }
}
