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
 * Writes messages to the outbox, in order, and tries until it took them all. The answer is false when told to stop before that: then the
 * caller must not forget what they tell, and nothing is lost.
 *
 * A batch that a disk has no room for is halved, down to single messages: what there is room for is safe, and can leave, which makes room.
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
  let waiting = messages
  let batchCount = messages.length
  for (let failures = 0; waiting.length > 0; ) {
    const batch = waiting.slice(0, batchCount)
    try {
      await outbox.append(batch.map(encodeMessage))
      counters.messages.add(batch.length)
      waiting = waiting.slice(batch.length)
      if (failures > 0) log('info', 'outbox-writable-again', { attempts: failures })
      failures = 0
    } catch (error) {
      if (!hasCode(error, 'OUTBOX_WRITE')) throw error
      counters.appendFailures.add()
      batchCount = Math.ceil(batch.length / 2)
      if (batch.length > 1) continue
      log('error', 'outbox-not-writable', { problem: String(error), waiting: waiting.length })
      const ms = backoffMs(appendBackoff, failures, Math.random())
      failures += 1
      await delay(ms, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return false
    }
  }
  return true
}
