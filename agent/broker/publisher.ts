import type { ChannelModel, ConfirmChannel } from 'amqplib'
import { AgentError } from '#errors.js'
import type { Message } from '#event/message.js'
import { ensureExchange } from './exchange.js'
import { type Link, runSessions, type Session } from './sessions.js'
import type { BrokerSettings, BrokerState } from './settings.js'
import { userOf } from './user.js'
import { createWaitingRoom } from './waiting-room.js'

/** What became of a message. */
export type PublishOutcome =
  | { readonly kind: 'confirmed' }
  /** It cannot be encoded for AMQP, whatever the broker says. */
  | { readonly kind: 'poison'; readonly reason: string }

/** Publishes messages with confirms, over however many connections that takes. */
export interface Publisher extends AsyncDisposable {
  /**
   * Resolves when the broker has the message. Calls are published in their order; while there is no connection, or the
   * broker blocks, they wait. Rejects with `BROKER_LOST` when the connection ended before the confirm, with
   * `BROKER_REFUSED` when the broker said no to it or to one that was under way with it, with `BROKER_UNREACHABLE`
   * when too many wait already, with the signal's reason when that aborts before the message left.
   */
  send(message: Message, signal: AbortSignal): Promise<PublishOutcome>
  state(): BrokerState
  /** Messages that the broker confirmed although no queue was bound for them: nobody will ever get them. */
  returnedCount(): number
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

interface Waiting {
  readonly message: Message
  readonly resolve: (outcome: PublishOutcome) => void
  readonly reject: (error: unknown) => void
}

/** Starts to connect at once, in the background; the first `send` may come before the connection does. */
export function openPublisher(options: PublisherOptions): Publisher {
  const { settings, random, onState, waitingCount = 10_000 } = options
  const stop = new AbortController()
  const userId = userOf(settings)
  const sender = userId === undefined ? {} : { userId }
  const waitingRoom = createWaitingRoom<Waiting>(({ reject }, reason) => reject(reason))
  const outstanding = new Set<Waiting>()
  let open: { readonly channel: ConfirmChannel; readonly link: Link } | undefined
  let returned = 0
  let state: BrokerState = { kind: 'connecting', host: '', attempts: 0, lastProblem: undefined }

  function publish(waiting: Waiting, { channel, link }: NonNullable<typeof open>): void {
    const { message, resolve, reject } = waiting
    const { routingKey, body } = message
    const onConfirm = (error: unknown) => {
      // Those that the end of the channel took are told already, and why.
      if (!outstanding.delete(waiting)) return
      link.proven()
      if (error) reject(nack(message, error))
      else resolve({ kind: 'confirmed' })
    }
    try {
      const bytes = Buffer.from(body)
      channel.publish(
        settings.exchange,
        routingKey,
        bytes,
        { ...properties(message), ...sender },
        onConfirm,
      )
      outstanding.add(waiting)
    } catch (error) {
      // A name of more than 255 bytes, headers of more than 64 KiB: nothing of it was written.
      if (error instanceof TypeError || error instanceof RangeError) {
        resolve({ kind: 'poison', reason: error.message })
      } else reject(link.loss())
    }
  }

  function flush(): void {
    while (open && state.kind === 'connected') {
      const waiting = waitingRoom.next()
      if (!waiting) return
      publish(waiting, open)
    }
  }

  async function openSession(model: ChannelModel, link: Link): Promise<Session> {
    await ensureExchange(model, settings.exchange)
    const channel = await model.createConfirmChannel()
    const end = () => {
      if (open?.channel !== channel) return
      open = undefined
      const loss = link.loss()
      for (const { reject } of outstanding) reject(loss)
      outstanding.clear()
    }
    channel.on('error', link.lost)
    // Before amqplib's own listener, which calls every outstanding message nacked.
    channel.prependListener('close', end)
    // After the connection's own end, which knows more about the reason.
    channel.on('close', () => queueMicrotask(() => link.lost(new Error('the channel was closed'))))
    channel.on('return', () => {
      returned += 1
    })
    open = { channel, link }
    return { end }
  }

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
    stop.abort()
    await running
    const closed = new AgentError('BROKER_LOST', 'the publisher was closed')
    for (let one = waitingRoom.next(); one; one = waitingRoom.next()) one.reject(closed)
  }

  return {
    send: (message, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        if (stop.signal.aborted) {
          return reject(new AgentError('BROKER_LOST', 'the publisher was closed'))
        }
        if (waitingRoom.count() >= waitingCount) return reject(overflow(waitingCount, state))
        const waiting: Waiting = { message, resolve, reject }
        const isFirst = waitingRoom.count() === 0
        if (isFirst && open && state.kind === 'connected') publish(waiting, open)
        else waitingRoom.enter(waiting, signal)
      }),
    state: () => state,
    returnedCount: () => returned,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Properties of a message as DESIGN 3.3 has them. `mandatory`: the broker says when no queue is bound. */
function properties({ messageId, timestampSeconds, headers }: Message) {
  return {
    persistent: true,
    mandatory: true,
    contentType: 'application/json',
    appId: 'okeanid',
    messageId,
    timestamp: timestampSeconds,
    headers,
  }
}

function nack({ messageId }: Message, cause: unknown): AgentError {
  return new AgentError('BROKER_REFUSED', `the broker did not take ${messageId}`, { cause })
}

function overflow(count: number, { lastProblem }: BrokerState): AgentError {
  const why = lastProblem ?? 'no connection yet'
  return new AgentError('BROKER_UNREACHABLE', `${count} messages wait for the broker: ${why}`)
}
