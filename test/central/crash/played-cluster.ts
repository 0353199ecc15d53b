import { openPublisher } from '#broker/publisher.js'
import type { Message } from '#event/message.js'
import type { Certificate } from '../../support/certificates.js'
import { agentMessages } from '../../support/fake-ganeti/agent.js'
import type { FakeCluster } from '../../support/fake-ganeti/cluster.js'
import { type FakeGaneti, startFakeGaneti } from '../../support/fake-ganeti/fake-ganeti.js'

/** A played Ganeti whose agents tell a real broker what its jobs came to. */
export interface PlayedCluster extends AsyncDisposable {
  readonly ganeti: FakeGaneti
  /** How many messages the broker took, those that were sent twice included. */
  readonly sentCount: () => number
  /** Whether everything was told. */
  readonly isTold: () => boolean
}

/** Messages that are under way at once. */
const windowCount = 50

/**
 * Starts one. It loses some calls and some answers, and its agents tell some things twice; they keep what they have to tell until the
 * broker has it, as the outbox does.
 */
export async function playCluster({
  certificate,
  brokerUrl,
  random,
}: {
  readonly certificate: Certificate
  readonly brokerUrl: string
  readonly random: () => number
}): Promise<PlayedCluster> {
  const ganeti = await startFakeGaneti({ certificate, jobMs: 100 })
  ganeti.setFault(({ method, target }) => {
    if (method === 'GET' || target.startsWith('/2/query/') || random() > 0.06) return undefined
    return random() < 0.5 ? 'cut-before' : 'cut-after'
  })
  const publisher = openPublisher({
    settings: {
      ...{ urls: [brokerUrl], exchange: 'ganeti', heartbeatSeconds: 10, connectTimeoutMs: 5000 },
      ...{ confirmTimeoutMs: 10_000, backoff: { firstMs: 50, maxMs: 400 } },
    },
    random,
    onState: () => {},
  })
  const stop = new AbortController()
  const waiting: Message[] = []
  let sent = 0
  let rouse = () => {}
  ganeti.cluster.onEnd((job) => {
    for (const message of agentMessages(ganeti.cluster, job)) {
      waiting.push(message)
      if (random() < 0.1) waiting.push(message)
    }
    rouse()
  })

  async function tell(message: Message): Promise<Message | undefined> {
    try {
      const { kind } = await publisher.send(message, stop.signal)
      if (kind === 'confirmed') sent += 1
      return kind === 'confirmed' ? undefined : message
    } catch {
      return message
    }
  }

  async function tellAll(): Promise<void> {
    while (!stop.signal.aborted) {
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          rouse = resolve
        })
        continue
      }
      const batch = waiting.slice(0, windowCount)
      const left = (await Promise.all(batch.map(tell))).filter((one) => one !== undefined)
      waiting.splice(0, batch.length, ...left)
    }
  }
  const telling = tellAll()
  return {
    ganeti,
    sentCount: () => sent,
    isTold: () => waiting.length === 0 && jobsHaveEnded(ganeti.cluster),
    async [Symbol.asyncDispose]() {
      stop.abort()
      rouse()
      await publisher.close()
      await telling
      await ganeti.close()
    },
  }
}

function jobsHaveEnded({ jobs }: FakeCluster): boolean {
  return [...jobs.values()].every(({ endMs }) => endMs !== undefined)
}
