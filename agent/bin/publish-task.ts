import type { Publisher } from '#broker/publisher.js'
import { decodeMessage } from '#event/codec.js'
import type { Message } from '#event/message.js'
import { drain } from '#outbox/drain.js'
import type { Outbox } from '#outbox/outbox.js'
import type { Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import type { Task } from '#service/tasks.js'
import type { EventCounters } from './event-counters.js'

/** Sends what the outbox holds and acknowledges what the broker confirmed. */
export function publishTask(
  {
    config,
    outbox,
    log,
    counters,
    onConfirmed,
  }: {
    readonly config: NodeConfig
    readonly outbox: Outbox
    readonly log: Log
    readonly counters: EventCounters
    readonly onConfirmed?: ((message: Message) => void) | undefined
  },
  publisher: Publisher,
): Task {
  return {
    name: 'publish',
    run: (signal) =>
      drain({
        outbox,
        signal,
        windowCount: Number(config.broker.window),
        async send(body, sendSignal) {
          const message = decodeMessage(body)
          if (!message.ok) return { kind: 'poison', reason: message.problem }
          const outcome = await publisher.send(message.value, sendSignal)
          if (outcome.kind === 'confirmed') {
            counters.published.add()
            onConfirmed?.(message.value)
          }
          return outcome
        },
        onQuarantine: (sequence, reason) =>
          log('error', 'message-quarantined', { sequence, reason }),
      }),
  }
}
