import { consume } from '#broker/consumer.js'
import type { BrokerSettings, BrokerState } from '#broker/settings.js'
import type { Context } from '#central/api/context.js'
import { createBatcher } from './batcher.js'
import { writeDeadLetters } from './dead-letters.js'
import { type Incoming, incomingOf } from './incoming.js'
import { takeMessages } from './take-messages.js'
import { createUpdateFigures } from './update-figures.js'

/** Every message about instances, networks, jobs and clusters; not heartbeats. `#` is any words, none too: Synnefo's keys may hold dots. */
const bindings = ['ganeti.#.event.*']

/** Most messages of one transaction: the process answers clients between two of them. */
const batchCount = 200

/** Waiting for the database. */
const backoff = { firstMs: 100, maxMs: 5000 }

/** What taking messages from the broker needs. */
export interface UpdateOptions extends Context {
  readonly settings: BrokerSettings
  readonly signal: AbortSignal
  /** Called after the commit of a message that says so: capacities are to be read again. */
  readonly onClusterChange?: (backendId: number) => void
  readonly onState?: (state: BrokerState) => void
  /** Called each time the queue is there and bound. */
  readonly onReady?: () => void
}

/** The queue of an installation: with the prefix in it, so that two on one broker do not take each other's messages. */
export function queueName({ broker, ganeti }: Context['config']): string {
  return `${broker.queue}-${ganeti.prefix.replace(/-$/, '')}`
}

/**
 * Takes the messages of Ganeti's clusters until the signal aborts. Each is acknowledged when the transaction that took it is on the
 * disk; so none is lost, and one that comes twice is taken once.
 */
export async function runUpdates(options: UpdateOptions): Promise<void> {
  const { store, log, metrics, nowMs, config, settings, signal } = options
  const { wakeEvents, wakeEffects, onClusterChange = () => {}, onState, onReady } = options
  const figures = createUpdateFigures(metrics)

  async function take(messages: readonly Incoming[]): Promise<void> {
    const taken = await store.write((tx) => takeMessages(tx, options, messages))
    figures.took(taken)
    if (taken.dead > 0) log('warning', 'dead-letters', { count: taken.dead })
    if (taken.refused > 0) log('warning', 'messages-refused', { count: taken.refused })
    for (const why of taken.conflicts) log('warning', 'address-conflict', { why })
    if (taken.applied > 0) {
      wakeEvents()
      wakeEffects()
    }
    for (const backendId of taken.changedClusters) onClusterChange(backendId)
  }

  async function bury(message: Incoming, error: unknown): Promise<void> {
    const reason = textOf(error)
    await store.write((tx) => writeDeadLetters(tx, { dead: [{ message, reason }], nowMs: nowMs() }))
    figures.buried()
    log('error', 'dead-letter', { message: message.messageId, why: reason })
  }

  const batcher = createBatcher({
    ...{ take, bury, isTransient: store.isTransient, maxCount: batchCount, backoff },
    random: Math.random,
    onRetry(error) {
      figures.retried()
      log('warning', 'store-away', { why: textOf(error) })
    },
  })
  try {
    await consume({
      ...{ settings, bindings, signal },
      queue: { name: queueName(config), durable: true, isQuorum: true },
      prefetchCount: config.broker.prefetch,
      onDelivery: (delivery, isLive) => batcher.push(incomingOf(delivery), isLive),
      ...(onState === undefined ? {} : { onState }),
      ...(onReady === undefined ? {} : { onReady }),
    })
  } finally {
    await batcher.close()
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
