/**
 * `okeanid events forward NAME`: brings messages from the broker to one receiver: a webhook, a chat, Prometheus.
 *
 *     broker -> queue okeanid.consumer.NAME, durable -> lanes, one message a lane at a time -> POST -> 2xx -> acknowledged
 *
 * Start-up: configuration, files, the page for Prometheus; then the broker is looked for, as long as it takes. Steady state: a message
 * is acknowledged when the receiver answered 2xx, and not before: whatever is away meanwhile (the receiver, the broker, this
 * program), it waits in the queue. Tries go on for ever, with pauses that grow; only a message that the receiver refuses for itself is given up,
 * and counted. A connection that ends ends the tries under way: its messages come again. Consumers run where there is a way to both
 * sides, one process each: two of the same name share the queue, and order with it. Prometheus’ form counts, from its start on, and
 * keeps no queue.
 */
import { brokerSettings } from '#broker/configured.js'
import { type ConsumeOptions, consume, type Delivery } from '#broker/consumer.js'
import type { BrokerState } from '#broker/settings.js'
import { AgentError } from '#errors.js'
import { chatLine } from '#event/chat-line.js'
import { cloudEvent, typeOf } from '#event/cloud-event.js'
import { createCourier } from '#forward/courier.js'
import { createEventTally } from '#forward/event-tally.js'
import { openMetricsServer } from '#forward/metrics-server.js'
import type { PostOutcome } from '#forward/outcome.js'
import { openPoster } from '#forward/poster.js'
import { openNotify } from '#kernel/notify.js'
import { loadConfig } from '#service/config.js'
import { createLog, type Log, printLine } from '#service/log.js'
import { createMetrics, type Metrics } from '#service/metrics.js'
import { signalOfProcess } from '#service/signals.js'
import { packageVersion } from '#service/version.js'
import { type ConsumerSettings, consumerSettings } from './consumer-settings.js'

/** What of the environment is read: systemd's variables. */
export interface ForwardEnvironment {
  readonly [name: string]: string | undefined
}

/** How often a message is tried that the receiver refuses for itself. */
const refusedTries = 5

/** Of messages that nobody handed over yet so many are taken from the broker for each lane. */
const prefetchPerLane = 8

/**
 * Forwards until it is told to stop. With `test`, posts one sample and says what came of it.
 * @throws AgentError CONFIG_INVALID; INPUT_UNREADABLE; HOST_BROKEN when a sample is not taken
 */
export async function forwardEvents(
  name: string,
  location: { readonly file: string; readonly isRequired: boolean },
  {
    test,
    environment,
  }: { readonly test?: true | undefined; readonly environment: ForwardEnvironment },
): Promise<void> {
  const { config } = await loadConfig(location.file, location)
  const settings = consumerSettings(config, name)
  if (test) return postSample(settings)
  const log = createLog({
    level: config.agent.log_level,
    withPriority: environment['JOURNAL_STREAM'] !== undefined,
  })
  const broker = await brokerSettings(config.broker)
  const notify = openNotify(environment['NOTIFY_SOCKET'])
  const signal = signalOfProcess()
  const metrics = createMetrics()
  const handler = createHandler(settings, { log, metrics })
  const page =
    settings.listen === '' ? undefined : await openMetricsServer(settings.listen, metrics.format)
  log('info', 'started', { consumer: name, form: settings.form, pid: process.pid })
  notify(`READY=1\nSTATUS=forwards as ${settings.form}`)
  await consume({
    settings: broker,
    bindings: settings.keys,
    ...queueOf(settings),
    prefetchCount: settings.parallel * prefetchPerLane,
    onState(state) {
      handler.onState(state)
      notify(
        `STATUS=broker ${state.kind}${state.lastProblem === undefined ? '' : `: ${state.lastProblem}`}`,
      )
    },
    onDelivery: handler.onDelivery,
    signal,
  })
  notify('STOPPING=1')
  handler.close()
  await page?.close()
  log('info', 'stopped', { consumer: name })
}

/** Prometheus counts what passes by; all others have a queue that keeps what they have not had. */
function queueOf({
  form,
  name,
  queue_limit: limit,
}: ConsumerSettings): Pick<ConsumeOptions, 'queue'> {
  if (form === 'prometheus') return {}
  return {
    queue: {
      name: `okeanid.consumer.${name}`,
      durable: true,
      ...(limit === 0 ? {} : { maxLength: limit }),
    },
  }
}

interface Handler {
  readonly onDelivery: (delivery: Delivery) => Promise<void>
  readonly onState: (state: BrokerState) => void
  close(): void
}

function createHandler(
  settings: ConsumerSettings,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
): Handler {
  let session = new AbortController()
  const onState = ({ kind, host, lastProblem: problem }: BrokerState): void => {
    if (kind === 'connected' || kind === 'blocked') return log('info', `broker-${kind}`, { host })
    if (kind === 'waiting') log('warning', 'broker-waiting', { problem })
    session.abort() // what was under way comes again over the next connection
    session = new AbortController()
  }
  const events = metrics.counter('events_total', 'Messages by what they tell, each once.')
  const tally = createEventTally(events)
  const isWanted = (message: Delivery) =>
    settings.types === 'all' || settings.types.has(typeOf(message))
  const { address } = settings
  if (address === undefined)
    return {
      onState,
      async onDelivery(message) {
        if (isWanted(message)) tally(message)
      },
      close: () => undefined,
    }
  const post = openPosterFor(settings, address)
  const reports = createReports(log, metrics)
  const courier = createCourier({
    parallel: settings.parallel,
    backoff: { firstMs: settings.retry_first.ms, maxMs: settings.retry_max.ms },
    refusedTries: settings.refused === 'keep' ? Number.POSITIVE_INFINITY : refusedTries,
    post: post.post,
    onOutcome: reports.onOutcome,
    random: Math.random,
  })
  return {
    onState,
    async onDelivery(message) {
      if (!isWanted(message)) return
      tally(message)
      const body = bodyFor(settings, message)
      if (body === undefined) return
      const subject = String(message.headers['cloudEvents:subject'] ?? '')
      const givenUp = await courier.deliver(subject, body, session.signal)
      if (givenUp !== undefined) reports.onGivenUp(message.messageId, givenUp)
      else log('debug', 'message-forwarded', { id: message.messageId })
    },
    close() {
      session.abort()
      post.close()
    },
  }
}

function openPosterFor(settings: ConsumerSettings, url: string) {
  const { form, parallel, timeout, secret, ca } = settings
  return openPoster({
    url,
    contentType: form === 'slack' ? 'application/json' : 'application/cloudevents+json',
    userAgent: `okeanid/${packageVersion()}`,
    parallel,
    timeoutMs: timeout.ms,
    secret,
    ca,
  })
}

function bodyFor({ form }: ConsumerSettings, message: Delivery): string | undefined {
  if (form !== 'slack') return cloudEvent(message)
  const text = chatLine(message)
  return text === undefined ? undefined : JSON.stringify({ text })
}

/** An outage is one line in the log, however many tries it sees, and its end another. */
function createReports(log: Log, metrics: Metrics) {
  const taken = metrics.counter('forwarded_total', 'Messages that the receiver took.')
  const failures = metrics.counter('forward_failures_total', 'Tries that failed, by reason.')
  const given = metrics.counter('forward_given_up_total', 'Messages that the receiver refused.')
  let trouble: string | undefined
  metrics.gauge('receiver_up', '0 while the receiver takes nothing.', () =>
    trouble === undefined ? 1 : 0,
  )
  return {
    onOutcome(outcome: PostOutcome): void {
      if (outcome.kind === 'taken') {
        taken.add()
        if (trouble !== undefined) log('info', 'receiver-back')
        trouble = undefined
        return
      }
      failures.add(1, { reason: outcome.why })
      if (outcome.kind === 'refused' || outcome.why === trouble) return
      trouble = outcome.why
      log('warning', 'receiver-away', { why: trouble })
    },
    onGivenUp(messageId: string, why: string): void {
      given.add()
      log('error', 'message-given-up', { id: messageId, why })
    },
  }
}

/** Says whether the receiver takes what we post, without a broker. */
async function postSample(settings: ConsumerSettings): Promise<void> {
  const { address, name } = settings
  if (address === undefined)
    throw new AgentError('USAGE', `[consumer ${name}] counts for Prometheus and posts nothing`)
  const poster = openPosterFor(settings, address)
  const id = `test.${process.pid}.${Date.now()}`
  const body =
    settings.form === 'slack'
      ? JSON.stringify({ text: 'okeanid events forward --test: this line shall be seen' })
      : cloudEvent({
          messageId: id,
          routingKey: 'okeanid.test',
          headers: { 'cloudEvents:subject': name },
          body: JSON.stringify({ type: 'okeanid-test' }),
        })
  const outcome = await poster.post(body, new AbortController().signal)
  poster.close()
  if (outcome.kind !== 'taken')
    throw new AgentError(
      'HOST_BROKEN',
      `[consumer ${name}] the receiver did not take it: ${outcome.why}`,
    )
  printLine(`ok: the receiver of ${name} took it`)
}
