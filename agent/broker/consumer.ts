import type { ChannelModel, ConsumeMessage, Options } from 'amqplib'
import { ensureExchange } from './exchange.js'
import { type Link, runSessions, type Session } from './sessions.js'
import type { BrokerSettings, BrokerState } from './settings.js'

/** A message as it came from the broker. */
export interface Delivery {
  readonly routingKey: string
  /** Empty when the sender gave none. */
  readonly messageId: string
  readonly timestampSeconds: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  /** Who sent it, as the broker has checked; undefined when the sender did not say. */
  readonly userId: string | undefined
  /** Whether the broker may have delivered it before. */
  readonly isRedelivered: boolean
}

/** What to consume. */
export interface ConsumeOptions {
  readonly settings: BrokerSettings
  /** Binding keys on the exchange, `ganeti.*.event.op` or `#`. */
  readonly bindings: readonly string[]
  /** A queue by name; absent: one of our own that goes with the connection. */
  readonly queue?: {
    readonly name: string
    readonly durable: boolean
    /** Most messages that wait in it; the oldest go first. Absent: no limit. */
    readonly maxLength?: number
    /** It goes when nobody has consumed from it for so long. Absent: never. */
    readonly expiresMs?: number
    /**
     * Kept by a quorum of the broker's nodes, and never lost by a count of deliveries (RabbitMQ 4 would drop what comes back for the
     * 21st time). Only where durable; brokers before 3.8 make an ordinary one of it.
     */
    readonly isQuorum?: boolean
  }
  /** Most deliveries that were not acknowledged yet. Default 100. */
  readonly prefetchCount?: number
  /**
   * Called for each delivery in their order, without waiting for the one before. Acknowledged when it resolves. When
   * it rejects, the connection is begun anew after a pause and everything that was not acknowledged comes again: so
   * what can never succeed must be caught and put aside by the callee.
   *
   * `isLive` says whether it can still be acknowledged: when the connection has ended it comes again.
   */
  readonly onDelivery: (delivery: Delivery, isLive: () => boolean) => Promise<void>
  readonly onState?: (state: BrokerState) => void
  /** Called each time the queue is bound and deliveries may come. */
  readonly onReady?: () => void
  readonly signal: AbortSignal
}

/** Consumes until the signal aborts, over however many connections that takes. */
export async function consume(options: ConsumeOptions): Promise<void> {
  const { settings, signal, onState = () => {} } = options
  await runSessions({
    settings,
    signal,
    random: Math.random,
    onState,
    open: (model, link) => openSession(model, link, options),
  })
}

async function openSession(
  model: ChannelModel,
  link: Link,
  { settings, bindings, queue, prefetchCount = 100, onDelivery, onReady }: ConsumeOptions,
): Promise<Session> {
  await ensureExchange(model, settings.exchange)
  const channel = await model.createChannel()
  let isOpen = true
  const end = () => {
    isOpen = false
  }
  channel.on('error', link.lost)
  channel.prependListener('close', end)
  channel.on('close', () => queueMicrotask(() => link.lost(new Error('the channel was closed'))))

  async function deliver(message: ConsumeMessage): Promise<void> {
    try {
      await onDelivery(deliveryOf(message), () => isOpen)
      if (isOpen) channel.ack(message)
      link.proven()
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause)
      link.lost(new Error(`a delivery could not be handled: ${what}`, { cause }))
    }
  }

  const { queue: name } = await channel.assertQueue(queue?.name ?? '', queueOptions(queue, model))
  for (const key of bindings) await channel.bindQueue(name, settings.exchange, key)
  await channel.prefetch(prefetchCount)
  await channel.consume(name, (message) => {
    if (message === null) link.lost(new Error(`queue ${name} was deleted`))
    // Decides itself what becomes of a failure.
    else void deliver(message)
  })
  onReady?.()
  return { end }
}

function queueOptions(queue: ConsumeOptions['queue'], model: ChannelModel): Options.AssertQueue {
  if (queue === undefined) return { exclusive: true, autoDelete: true }
  const { durable, maxLength, expiresMs, isQuorum = false } = queue
  return {
    durable,
    ...(isQuorum ? { arguments: quorumArguments(model) } : {}),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(expiresMs === undefined ? {} : { expires: expiresMs }),
  }
}

/** Before 4.0 there is no limit of deliveries unless one is set, and -1 is refused. */
function quorumArguments({ connection }: ChannelModel): Readonly<Record<string, string | number>> {
  const version = String(connection.serverProperties.version)
  const hasLimit = Number(version.split('.')[0]) >= 4
  return { 'x-queue-type': 'quorum', ...(hasLimit ? { 'x-delivery-limit': -1 } : {}) }
}

function deliveryOf({ fields, properties, content }: ConsumeMessage): Delivery {
  const { messageId, timestamp, headers, userId } = properties
  return {
    routingKey: fields.routingKey,
    messageId: typeof messageId === 'string' ? messageId : '',
    timestampSeconds: typeof timestamp === 'number' ? timestamp : undefined,
    headers: headers ?? {},
    body: content.toString(),
    userId: typeof userId === 'string' ? userId : undefined,
    isRedelivered: fields.redelivered,
  }
}
