import { setTimeout as delay } from 'node:timers/promises'
import { type ChannelModel, connect } from 'amqplib'
import { backoffMs } from '#backoff.js'
import type { AgentError } from '#errors.js'
import { writeBufferBytes } from './batched-writes.js'
import { brokerProblem, lossProblem, type ProblemPlace, placeOf } from './problem.js'
import type { BrokerSettings, BrokerState } from './settings.js'

/** What a session may say about its connection. */
export interface Link {
  /** Ends the session and the connection; the first reason counts. */
  lost(error: unknown): void
  /** It worked: the pauses begin small again. Without it they do so after every session that was not refused. */
  proven(): void
  /** What to tell those whose messages are under way: why it ended, as far as it is known. */
  loss(): AgentError
}

/** What is done with one connection while it lasts. */
export interface Session {
  /** The connection ended; nothing of it may be used any more. */
  end(): void
}

/** How sessions are opened, one after the other. */
export interface SessionsOptions {
  readonly settings: BrokerSettings
  /** In [0, 1): order of the hosts, jitter of the pauses. */
  readonly random: () => number
  readonly onState: (state: BrokerState) => void
  readonly signal: AbortSignal
  /** Sets up a fresh connection; resolves when it is of use. */
  readonly open: (model: ChannelModel, link: Link) => Promise<Session>
}

/** How long an orderly end of a connection may take. */
const CLOSE_MS = 1000

/**
 * Keeps a connection to one of the brokers until the signal aborts: connects, opens a session, and when that ends for
 * whatever reason begins again with the next host, after a pause that grows, is capped and jittered, and is forgotten
 * after a success. amqplib has a reconnect of its own; it hides when a channel ended, and the outbox must know.
 */
export async function runSessions(options: SessionsOptions): Promise<void> {
  const { settings, random, onState, signal } = options
  const urls = shuffled(settings.urls, random)
  let attempts = 0
  let isRefused = false
  let lastProblem: string | undefined
  for (let turn = 0; !signal.aborted; turn++) {
    const url = urls[turn % urls.length] ?? ''
    const place = placeOf(url, settings.exchange)
    const tell = (kind: BrokerState['kind'], problem = lastProblem) =>
      onState({ kind, host: place.host, attempts, lastProblem: problem })
    tell('connecting')
    const problem = await runSession({
      ...options,
      url,
      place,
      onOpen() {
        if (!isRefused) attempts = 0
        lastProblem = undefined
        tell('connected')
      },
      onProven() {
        attempts = 0
      },
      onBlocked(reason) {
        if (reason === undefined) tell('connected')
        else tell('blocked', `${place.host}: blocked by the broker: ${reason}`)
      },
    })
    if (signal.aborted) break
    isRefused = problem.code === 'BROKER_REFUSED'
    lastProblem = problem.message
    // One pause per round: the other hosts are tried with the first, short one.
    const pauseMs = backoffMs(settings.backoff, Math.floor(attempts / urls.length), random())
    attempts += 1
    tell('waiting')
    await delay(pauseMs, undefined, { signal }).catch(() => undefined)
  }
  onState({ kind: 'closed', host: '', attempts, lastProblem })
}

interface SessionRun extends SessionsOptions {
  readonly url: string
  readonly place: ProblemPlace
  readonly onOpen: () => void
  readonly onProven: () => void
  readonly onBlocked: (reason: string | undefined) => void
}

/** One connection from beginning to end; resolves with the reason of the end. */
async function runSession(run: SessionRun): Promise<AgentError> {
  const { place, signal, open, onOpen, onProven, onBlocked } = run
  let reason: { readonly error: unknown } | undefined
  let endNow = () => {}
  const ended = new Promise<void>((resolve) => {
    endNow = resolve
  })
  const link: Link = {
    lost(error) {
      reason ??= { error }
      endNow()
    },
    proven: onProven,
    loss: () => lossProblem(reason?.error ?? new Error('the connection was closed'), place),
  }
  const socket = new AbortController()
  let model: ChannelModel | undefined
  const stop = () => {
    link.lost(new Error('told to stop'))
    // Nothing to say goodbye to yet: cut the attempt.
    if (!model) socket.abort()
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    model = await connectTo(run, socket.signal)
    model.on('error', link.lost)
    model.on('close', (error?: Error) => link.lost(error ?? new Error('the connection was closed')))
    const opening = open(model, link)
    const session = await Promise.race([opening, ended])
    if (session) {
      model.on('blocked', (why) => reason ?? onBlocked(why))
      model.on('unblocked', () => reason ?? onBlocked(undefined))
      onOpen()
      await ended
    }
    // One that is still opening ends as soon as it has; what it waits for fails with the connection.
    void opening.then(
      (opened) => opened.end(),
      () => undefined,
    )
  } catch (error) {
    link.lost(error)
  } finally {
    signal.removeEventListener('abort', stop)
    if (model) await closeQuietly(model)
    // amqplib only says goodbye; a peer that is gone would hold the socket for as long as TCP tries.
    socket.abort()
  }
  return brokerProblem(reason?.error, place)
}

async function connectTo(
  { url, settings }: SessionRun,
  signal: AbortSignal,
): Promise<ChannelModel> {
  const { password, tls = settings.tls } = (await settings.secrets?.()) ?? {}
  signal.throwIfAborted()
  const parsed = new URL(url)
  if (password !== undefined && parsed.username !== '' && parsed.password === '') {
    parsed.password = encodeURIComponent(password)
  }
  if (!parsed.searchParams.has('heartbeat')) {
    parsed.searchParams.set('heartbeat', String(settings.heartbeatSeconds))
  }
  const options = {
    timeout: settings.connectTimeoutMs,
    noDelay: true,
    highWaterMark: writeBufferBytes,
    clientProperties: { connection_name: 'okeanid', product: 'okeanid' },
    ...(tls?.ca === undefined ? {} : { ca: [tls.ca] }),
    ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls?.key === undefined ? {} : { key: tls.key }),
    // Handed through to net.connect and tls.connect.
    signal,
  }
  return await connect(parsed.href, options)
}

async function closeQuietly(model: ChannelModel): Promise<void> {
  const given = new AbortController()
  const limit = delay(CLOSE_MS, undefined, { signal: given.signal }).catch(() => undefined)
  await Promise.race([model.close().catch(() => undefined), limit]) // it may be closed already
  given.abort()
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
}
