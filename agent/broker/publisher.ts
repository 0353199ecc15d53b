import type { ChannelModel, ConfirmChannel } from 'amqplib'
import { AgentError } from '#errors.js'
import type { Outgoing } from '#event/message.js'
import { batchWrites } from './batched-writes.js'
import { createConfirmWatch } from './confirm-watch.js'
import { ensureExchange } from './exchange.js'
import { isTooLarge } from './problem.js'
import { type Properties, publish } from './publish.js'
import { type Link, runSessions, type Session } from './sessions.js'
import type { BrokerSettings, BrokerState } from './settings.js'
import { userOf } from './user.js'
import { createWaitingRoom } from './waiting-room.js'

/** What became of a message. */
export type PublishOutcome =
  | { readonly kind: 'confirmed' }
  /** The broker took it and threw it away: no queue is bound for its routing key (AMQP's basic.return). */
  | { readonly kind: 'unroutable' }
  /** The broker did not take this one (basic.nack): a queue that refuses when it is full, or has lost its majority. */
  | { readonly kind: 'nacked' }
  /** It cannot be encoded for AMQP, or is larger than the broker takes. */
  | { readonly kind: 'poison'; readonly reason: string }

/** Publishes messages with confirms, over however many connections that takes. */
export interface Publisher extends AsyncDisposable {
  /**
   * Resolves when the broker has answered. Calls are published in their order; while there is no connection, or the
   * broker blocks, they wait. Rejects with `BROKER_LOST` when the connection ended before the answer, with
   * `BROKER_REFUSED` when the broker closed the channel over it or over one that was under way with it, with
   * `BROKER_UNREACHABLE` when too many wait already, with the signal's reason when that aborts before the message left.
   *
   * A connection on which nothing is confirmed for {@link BrokerSettings.confirmTimeoutMs} although something is under
   * way is given up: packets that are dropped look just like a broker that thinks, and AMQP's heartbeat is slow.
   */
  send(message: Outgoing, signal: AbortSignal): Promise<PublishOutcome>
  state(): BrokerState
  /** How many messages found no queue bound, by routing key. */
  returned(): ReadonlyMap<string, number>
  close(): Promise<void>
}

/** Settings of a publisher. */
export interface PublisherOptions {
  readonly settings: BrokerSettings
  /** In [0, 1): order of the hosts, jitter of the pauses. */
  readonly random: () => number
  readonly onState: (state: BrokerState) => void
  /** How many messages may wait for a connection. Default 10,000; the sender's window should be smaller. */
  readonly waitingCount?: number
}

/** Routing keys that are counted apart; a further one is counted as `other`. */
const maxReturnedKeys = 100

/** A connection of use. */
interface Open {
  readonly channel: ConfirmChannel
  readonly link: Link
  /** Told before something is written. */
  readonly writes: () => void
}

/** One that the broker has not answered: who wants to know, and no more of the message than an answer is told by. */
interface Unanswered {
  readonly routingKey: string
  readonly messageId: string
  readonly resolve: (outcome: PublishOutcome) => void
  readonly reject: (error: unknown) => void
}

interface Waiting {
  readonly message: Outgoing
  readonly sender: Unanswered
}

/** Starts to connect at once, in the background; the first `send` may come before the connection does. */
export function openPublisher(options: PublisherOptions): Publisher {
  const { settings, random, onState, waitingCount = 10_000 } = options
  const { exchange } = settings
  const stop = new AbortController()
  const propertiesOfAll = commonProperties(userOf(settings))
  const waitingRoom = createWaitingRoom<Waiting>(({ sender }, reason) => sender.reject(reason))
  const outstanding = new Set<Unanswered>()
  /** Those of them that came back; the confirm is still to come. */
  const unroutable = new Set<Unanswered>()
  const returned = new Map<string, number>()
  let open: Open | undefined
  let state: BrokerState = { kind: 'connecting', host: '', attempts: 0, lastProblem: undefined }

  function publishNow(
    message: Outgoing,
    sender: Unanswered,
    { channel, link, writes }: Open,
  ): void {
    try {
      writes()
      const onConfirm = answering(sender, link)
      const { routingKey, messageId, timestampSeconds: timestamp, headers } = message
      const properties = { ...propertiesOfAll, messageId, timestamp, headers }
      const content = contentOf(message)
      publish(channel, { exchange, routingKey, content, properties, onConfirm })
      outstanding.add(sender)
      confirms.sent()
    } catch (error) {
      // A name of more than 255 bytes, headers of more than 64 KiB: nothing of it was written.
      if (error instanceof TypeError || error instanceof RangeError) {
        sender.resolve({ kind: 'poison', reason: error.message })
      } else sender.reject(link.loss())
    }
  }

  /** Made where the message is out of sight: what a closure sees lives as long as the closure. */
  function answering(sender: Unanswered, link: Link): (error: unknown) => void {
    return (error) => {
      // Those that the end of the channel took are told already, and why.
      if (!outstanding.delete(sender)) return
      link.proven()
      confirms.answered(outstanding.size)
      const isUnroutable = unroutable.delete(sender)
      if (error) sender.resolve({ kind: 'nacked' })
      else sender.resolve({ kind: isUnroutable ? 'unroutable' : 'confirmed' })
    }
  }

  /** The confirm of a message that came back follows; it is found by its id, and the first of two is as good as the second. */
  function cameBack(messageId: unknown): void {
    for (const sender of outstanding) {
      if (sender.messageId !== messageId || unroutable.has(sender)) continue
      unroutable.add(sender)
      const { routingKey } = sender
      const isKnown = returned.has(routingKey) || returned.size < maxReturnedKeys
      const key = isKnown ? routingKey : 'other'
      returned.set(key, (returned.get(key) ?? 0) + 1)
      return
    }
  }

  function flush(): void {
    while (open && state.kind === 'connected') {
      const waiting = waitingRoom.next()
      if (!waiting) return
      publishNow(waiting.message, waiting.sender, open)
    }
  }

  async function openSession(model: ChannelModel, link: Link): Promise<Session> {
    await ensureExchange(model, exchange)
    const channel = await model.createConfirmChannel()
    const end = () => {
      if (open?.channel !== channel) return
      open = undefined
      const loss = link.loss()
      const [only] = outstanding
      // Of several it cannot be told which one it was: sent alone, it will be.
      if (only && outstanding.size === 1 && isTooLarge(loss.cause)) {
        only.resolve({ kind: 'poison', reason: loss.message })
      } else for (const { reject } of outstanding) reject(loss)
      outstanding.clear()
      unroutable.clear()
      confirms.answered(0)
    }
    channel.on('error', link.lost)
    // Before amqplib's own listener, which calls every outstanding message nacked.
    channel.prependListener('close', end)
    // After the connection's own end, which knows more about the reason.
    channel.on('close', () => queueMicrotask(() => link.lost(new Error('the channel was closed'))))
    channel.on('return', ({ properties: { messageId } }) => cameBack(messageId))
    open = { channel, link, writes: batchWrites(model) }
    return { end }
  }

  const confirms = createConfirmWatch({
    timeoutMs: settings.confirmTimeoutMs,
    // A broker with an alarm confirms nothing until that is over; heartbeats tell whether it is there.
    isExcused: () => state.kind === 'blocked',
    onSilence: () => open?.link.lost(silence(settings.confirmTimeoutMs)),
  })
  const running = runSessions({
    settings,
    random,
    signal: stop.signal,
    open: openSession,
    onState(next) {
      state = next
      onState(next)
      flush()
    },
  })

  async function close(): Promise<void> {
    confirms.close()
    stop.abort()
    await running
    const closed = new AgentError('BROKER_LOST', 'the publisher was closed')
    for (let one = waitingRoom.next(); one; one = waitingRoom.next()) one.sender.reject(closed)
  }

  return {
    send: (message, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        if (stop.signal.aborted) {
          return reject(new AgentError('BROKER_LOST', 'the publisher was closed'))
        }
        if (waitingRoom.count() >= waitingCount) return reject(overflow(waitingCount, state))
        const { routingKey, messageId } = message
        const sender: Unanswered = { routingKey, messageId, resolve, reject }
        const isFirst = waitingRoom.count() === 0
        if (isFirst && open && state.kind === 'connected') publishNow(message, sender, open)
        else waitingRoom.enter({ message, sender }, signal)
      }),
    state: () => state,
    returned: () => returned,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** What all messages have of the properties in DESIGN 3.3. */
function commonProperties(userId: string | undefined): Properties {
  return {
    contentType: 'application/json',
    appId: 'okeanid',
    ...(userId === undefined ? {} : { userId }),
  }
}

/** amqplib wants a Buffer; of bytes it is another view of the same, for amqplib copies them. */
function contentOf({ body }: Outgoing): Buffer {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Buffer) return body
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

/** amqplib's own words for the same thing begin so; `problem.ts` knows them. */
function silence(timeoutMs: number): Error {
  return new Error(`Heartbeat timeout: nothing was confirmed for ${timeoutMs} ms`)
}

function overflow(count: number, { lastProblem }: BrokerState): AgentError {
  const why = lastProblem ?? 'no connection yet'
  return new AgentError('BROKER_UNREACHABLE', `${count} messages wait for the broker: ${why}`)
}
