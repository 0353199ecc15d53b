import type { Publisher, PublishOutcome } from '#broker/publisher.js'
import { splitMessage } from '#event/codec.js'
import { drain, type SendOutcome } from '#outbox/drain.js'
import type { HeldBack } from '#outbox/lanes.js'
import type { Outbox } from '#outbox/outbox.js'
import type { Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import type { Task } from '#service/tasks.js'
import type { EventCounters } from './event-counters.js'

/** How sending goes, for the status; kept by the publish task alone. */
export interface Delivery {
  /** What waits although the broker is there, and why. */
  heldBack: HeldBack | undefined
  /** Routing keys for which no queue was bound when they were used last. */
  readonly unroutable: Set<string>
}

/** A delivery of which nothing is known yet. */
export function createDelivery(): Delivery {
  return { heldBack: undefined, unroutable: new Set() }
}

/** What the publish task works with. */
export interface PublishParts {
  readonly config: NodeConfig
  readonly outbox: Outbox
  readonly log: Log
  readonly counters: EventCounters
  readonly delivery: Delivery
  readonly onConfirmed?: ((messageId: string) => void) | undefined
}

/** Routing keys that are remembered as unroutable. */
const maxUnroutableKeys = 200

/**
 * Sends what the outbox holds and acknowledges what the broker confirmed. Messages about the same thing keep their order: what the broker
 * does not take now keeps the others of its subject waiting, and no more.
 */
export function publishTask(parts: PublishParts, publisher: Publisher): Task {
  const { config, outbox, log, counters, delivery, onConfirmed } = parts
  return {
    name: 'publish',
    run: (signal) =>
      drain({
        outbox,
        signal,
        windowCount: Number(config.broker.window),
        laneOf,
        send,
        onQuarantine(sequence, reason) {
          counters.rejected.add()
          log('error', 'message-quarantined', { sequence, reason })
        },
        onHeldBack(held) {
          if (held === undefined && delivery.heldBack !== undefined) log('info', 'messages-go-on')
          if (held !== undefined && delivery.heldBack?.reason !== held.reason)
            log('warning', 'messages-held', { reason: held.reason })
          delivery.heldBack = held
        },
      }),
  }

  /** While the answer is awaited nothing is kept of the message but its key: a window of them would outlive the collector's young space. */
  function send(body: Uint8Array, signal: AbortSignal): Promise<SendOutcome> {
    const message = splitMessage(body)
    if (!message.ok) return Promise.resolve({ kind: 'poison', reason: message.problem })
    const { routingKey, messageId } = message.value
    return publisher.send(message.value, signal).then(
      (answer) => {
        const outcome = judge(parts, routingKey, answer)
        if (outcome.kind === 'confirmed') {
          counters.published.add()
          onConfirmed?.(messageId)
        } else if (outcome.kind === 'later') counters.retried.add(1, { reason: 'held' })
        return outcome
      },
      (error: unknown) => {
        if (!signal.aborted) counters.retried.add(1, { reason: 'lost' })
        throw error
      },
    )
  }
}

/** What the answer of the broker means, by the configuration; a routing key that leads nowhere is told once. */
function judge(
  { config, log, delivery }: PublishParts,
  routingKey: string,
  outcome: PublishOutcome,
): SendOutcome {
  const { unroutable } = delivery
  switch (outcome.kind) {
    case 'poison':
      return outcome
    case 'confirmed':
      if (unroutable.delete(routingKey)) log('info', 'message-routable', { key: routingKey })
      return outcome
    case 'nacked':
      return { kind: 'later', reason: `the broker does not take ${routingKey}: a queue is full` }
    case 'unroutable': {
      const { exchange, unroutable: policy } = config.broker
      if (!unroutable.has(routingKey) && unroutable.size < maxUnroutableKeys) {
        unroutable.add(routingKey)
        log('warning', 'message-unroutable', { key: routingKey, exchange, policy })
      }
      if (policy === 'drop') return { kind: 'confirmed' }
      return { kind: 'later', reason: `no queue is bound for ${routingKey}` }
    }
  }
}

/** What a message is about: the order of its messages is kept. One that cannot be read is alone. */
function laneOf(body: Uint8Array): string {
  const message = splitMessage(body)
  if (!message.ok) return ''
  return String(message.value.headers['cloudEvents:subject'] ?? message.value.routingKey)
}
