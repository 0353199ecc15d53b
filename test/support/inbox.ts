import { consume } from '#broker/consumer.js'
import { until } from './until.js'

/** A message as a test looks at it. */
export interface Received {
  readonly routingKey: string
  readonly messageId: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Readonly<Record<string, unknown>>
  /** Unix milliseconds of its arrival. */
  readonly arrivedMs: number
}

/** Everything that arrived on a queue of our own, in order. */
export interface Inbox extends AsyncDisposable {
  readonly received: readonly Received[]
  /** The first message that fits, as soon as there is one. */
  first(what: string, fits: (message: Received) => boolean, deadlineMs?: number): Promise<Received>
  /** Messages about one job, in order of arrival. */
  ofJob(jobId: number): readonly Received[]
  /** Waits until a job's own status is final, then gives all messages about it. */
  finishedJob(jobId: number, deadlineMs?: number): Promise<readonly Received[]>
}

const finalStatuses = ['success', 'error', 'canceled']

/** Binds a durable queue to everything on exchange `ganeti` and keeps what comes, also over restarts of the broker. */
export async function openInbox(url: string): Promise<Inbox> {
  const received: Received[] = []
  const stop = new AbortController()
  const settings = {
    urls: [url],
    exchange: 'ganeti',
    heartbeatSeconds: 10,
    connectTimeoutMs: 5000,
    confirmTimeoutMs: 30_000,
    backoff: { firstMs: 100, maxMs: 1000 },
  }
  let setReady: () => void = () => {}
  const ready = new Promise<void>((resolve) => {
    setReady = resolve
  })
  const consuming = consume({
    settings,
    bindings: ['#'],
    queue: { name: `inbox-${process.pid}`, durable: true },
    onReady: setReady,
    async onDelivery({ routingKey, messageId, headers, body }) {
      received.push({
        routingKey,
        messageId,
        headers,
        body: JSON.parse(body),
        arrivedMs: Date.now(),
      })
    },
    signal: stop.signal,
  })
  await Promise.race([ready, consuming])
  const first: Inbox['first'] = (what, fits, deadlineMs = 90_000) =>
    until(what, () => received.find(fits), { deadlineMs })
  const ofJob = (jobId: number) => received.filter(({ body }) => body['jobId'] === jobId)
  return {
    received,
    first,
    ofJob,
    async finishedJob(jobId, deadlineMs) {
      const isEnd = ({ body }: Received) =>
        body['type'] === 'ganeti-job-status' &&
        body['jobId'] === jobId &&
        finalStatuses.includes(String(body['status']))
      await first(`the end of job ${jobId}`, isEnd, deadlineMs)
      return ofJob(jobId)
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await consuming
    },
  }
}
