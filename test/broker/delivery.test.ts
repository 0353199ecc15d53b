import { EventEmitter, once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { consume } from '#broker/consumer.js'
import type { BrokerState } from '#broker/settings.js'
import { hasCode } from '#errors.js'
import { decodeMessage, encodeMessage } from '#event/codec.js'
import { drain } from '#outbox/drain.js'
import { type Outbox, openOutbox } from '#outbox/outbox.js'
import { labUnavailable } from '../lab/command.js'
import { ownFolder } from '../support/own-folder.js'
import { type RabbitMq, startRabbitmq } from '../support/rabbitmq.js'
import { until } from '../support/until.js'
import { message, settingsFor, type Watched, watched } from './helpers.js'

/** How long nothing may arrive before a test gives up; a slow machine is slow, but not silent. */
const SILENCE_MS = 60_000

const patience = { deadlineMs: SILENCE_MS }

/** How many a drain has under way at most. */
const WINDOW_COUNT = 256

/** What arrives on a durable queue of its own, over all outages. */
interface Arrivals {
  /** How many came, those that came again included. */
  readonly count: () => number
  /** The different ones, in the order in which they first came. */
  readonly different: () => readonly number[]
  readonly differentCount: () => number
  /** Resolves when so many different ones have come; rejects after a minute in which nothing came. */
  readonly reached: (differentCount: number) => Promise<void>
}

async function arrivals(t: Test, url: string, queue: string): Promise<Arrivals> {
  const stop = new AbortController()
  const seen = new Set<number>()
  const bell = new EventEmitter()
  let count = 0
  let state: BrokerState | undefined
  const consuming = consume({
    settings: settingsFor(url),
    bindings: ['#'],
    queue: { name: queue, durable: true },
    onReady: () => bell.emit('ready'),
    onState(next) {
      state = next
    },
    async onDelivery({ body }) {
      count += 1
      seen.add(JSON.parse(body).number)
      bell.emit('arrival')
    },
    signal: stop.signal,
  })
  t.teardown(async () => {
    stop.abort()
    await consuming
  })
  await once(bell, 'ready')
  return {
    count: () => count,
    different: () => [...seen],
    differentCount: () => seen.size,
    async reached(differentCount) {
      while (seen.size < differentCount) {
        await once(bell, 'arrival', { signal: AbortSignal.timeout(SILENCE_MS) }).catch((cause) => {
          const missing = numbersTo(differentCount).find((number) => !seen.has(number))
          const what = `${seen.size} of ${differentCount} came to ${queue}, not ${missing}, then nothing`
          throw new Error(`${what}; consumer: ${JSON.stringify(state)}`, { cause })
        })
      }
    },
  }
}

/** A drain at work. */
interface Draining extends Watched {
  /** How many were under way when a connection ended. */
  readonly lostCount: () => number
  /** How many are sent or wait for a connection, without an answer yet. */
  readonly underWayCount: () => number
  /** How outbox and publisher are. */
  readonly described: () => string
  /** Resolves when the outbox has nothing left to send. */
  readonly emptied: () => Promise<void>
}

/** Runs a drain from an outbox into a publisher until the test ends. */
function draining(t: Test, outbox: Outbox, url: string): Draining {
  const stop = new AbortController()
  let lostCount = 0
  let underWayCount = 0
  const link = watched(t, { settings: settingsFor(url) })
  const running = drain({
    outbox,
    signal: stop.signal,
    backoff: { firstMs: 20, maxMs: 100 },
    settleMs: 100,
    windowCount: WINDOW_COUNT,
    async send(body, signal) {
      const decoded = decodeMessage(body)
      if (!decoded.ok) return { kind: 'poison', reason: decoded.problem }
      underWayCount += 1
      try {
        const outcome = await link.publisher.send(decoded.value, signal)
        if (outcome.kind === 'nacked') return { kind: 'later', reason: 'nacked' }
        return outcome.kind === 'unroutable' ? { kind: 'confirmed' } : outcome
      } catch (error) {
        if (hasCode(error, 'BROKER_LOST')) lostCount += 1
        throw error
      } finally {
        underWayCount -= 1
      }
    },
  })
  t.teardown(async () => {
    stop.abort()
    await running
    await outbox.close()
  })
  return {
    ...link,
    lostCount: () => lostCount,
    underWayCount: () => underWayCount,
    described: () => JSON.stringify([outbox.stats(), link.publisher.state(), { underWayCount }]),
    async emptied() {
      const isEmpty = () => outbox.stats().backlogCount === 0 || undefined
      await until('an empty outbox', isEmpty, patience)
    },
  }
}

/** Waits until so many have arrived; when that comes to nothing, says where they are. */
async function arrived(
  differentCount: number,
  {
    came,
    link,
    rabbitmq,
  }: { readonly came: Arrivals; readonly link: Draining; readonly rabbitmq: RabbitMq },
): Promise<void> {
  try {
    await came.reached(differentCount)
  } catch (cause) {
    const counts = ['messages_unacknowledged', 'messages_unconfirmed']
    const channels = await rabbitmq.ctl(['list_channels', 'pid', 'consumer_count', ...counts])
    const queues = await rabbitmq.ctl(['list_queues', 'name', 'messages_ready', 'state'])
    throw new Error(`${String(cause)}\n${link.described()}\n${queues}${channels}`, { cause })
  }
}

/**
 * Appends until `end`, a thousand at a time and as fast as they arrive: five thousand are on the way at any time, and
 * never many more, however long `end` takes.
 */
async function keepOnTheWay(outbox: Outbox, came: Arrivals, end: Promise<void>): Promise<void> {
  let isOver = false
  const over = end.then(() => {
    isOver = true
  })
  while (!isOver) {
    const count = outbox.stats().appendedCount
    if (count - came.differentCount() > 5000) {
      await Promise.race([over, came.reached(count - 5000)])
    } else {
      await outbox.append(encoded(count, 1000, 'x'.repeat(300)))
    }
  }
  await over
}

function encoded(from: number, count: number, padding = ''): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index
    return encodeMessage(message(number, { body: JSON.stringify({ number, padding }) }))
  })
}

const numbersTo = (count: number) => Array.from({ length: count }, (_, index) => index)

t.setTimeout(400_000) // RabbitMQ is started six times; whoever waits in vain says so much earlier

t.test(
  'from the outbox through a real RabbitMQ',
  { skip: labUnavailable() ?? false },
  async (t) => {
    const rabbitmq = await startRabbitmq()
    t.teardown(() => rabbitmq.close())

    t.test('killed twice with thousands on the way: each arrives, first in order', async (t) => {
      const outbox = await openOutbox({ dir: ownFolder(t), segmentBytes: 256 * 1024 })
      const came = await arrivals(t, rabbitmq.url, 'killed')
      const link = draining(t, outbox, rabbitmq.url)
      const { lostCount, underWayCount, emptied } = link
      for (const round of [1, 2]) {
        // Stopped in the middle of its work: nothing that it does not know yet reaches its disk.
        await keepOnTheWay(outbox, came, came.reached(2000 * round).then(rabbitmq.pause))
        await outbox.append(encoded(outbox.stats().appendedCount, 3000, 'x'.repeat(300)))
        await until('a full window', () => underWayCount() === WINDOW_COUNT || undefined, patience)
        const before = lostCount()
        await rabbitmq.kill()
        await until('the loss', () => lostCount() > before || undefined, patience)
        await rabbitmq.start()
      }
      const count = outbox.stats().appendedCount
      await arrived(count, { came, link, rabbitmq })
      t.strictSame(came.different(), numbersTo(count))
      await emptied()
      t.comment(`of ${count}, ${lostCount()} were sent again, ${came.count() - count} came twice`)
    })

    t.test('stopped and started while messages keep coming', async (t) => {
      const outbox = await openOutbox({ dir: ownFolder(t) })
      const came = await arrivals(t, rabbitmq.url, 'stopped')
      const link = draining(t, outbox, rabbitmq.url)
      await outbox.append(encoded(0, 500))
      await came.reached(100)
      await rabbitmq.stop()
      await outbox.append(encoded(500, 500))
      await rabbitmq.start()
      await outbox.append(encoded(1000, 500))
      await arrived(1500, { came, link, rabbitmq })
      t.strictSame(came.different(), numbersTo(1500))
    })

    t.test('blocked by an alarm: what is appended meanwhile waits on disk', async (t) => {
      const outbox = await openOutbox({ dir: ownFolder(t) })
      const came = await arrivals(t, rabbitmq.url, 'blocked')
      const { kind } = draining(t, outbox, rabbitmq.url)
      await outbox.append(encoded(0, 100))
      await came.reached(100)
      await rabbitmq.ctl(['set_vm_memory_high_watermark', '0'])
      await outbox.append(encoded(100, 1000))
      await kind('blocked')
      t.ok(outbox.stats().backlogCount >= 1000)
      await rabbitmq.ctl(['set_vm_memory_high_watermark', '0.6'])
      await came.reached(1100)
      t.strictSame(came.different(), numbersTo(1100))
    })

    t.test('poison of every kind goes to the quarantine, the others arrive', async (t) => {
      const dir = ownFolder(t)
      const outbox = await openOutbox({ dir })
      const came = await arrivals(t, rabbitmq.url, 'poisoned')
      await outbox.append([
        ...encoded(0, 50),
        Buffer.from('not a message'),
        ...encoded(50, 50),
        encodeMessage(message(1, { routingKey: 'x'.repeat(300) })),
        ...encoded(100, 50),
        // Encodes well, but the broker closes the channel over it, under all that are on the way.
        encodeMessage(message(2, { body: 'x'.repeat(16 * 1024 * 1024 - 200) })),
        ...encoded(150, 50),
      ])
      await rabbitmq.ctl(['eval', 'persistent_term:put(max_message_size, 1000000).'])
      const { emptied } = draining(t, outbox, rabbitmq.url)
      await came.reached(200)
      await emptied()
      t.strictSame(came.different(), numbersTo(200))
      t.equal(outbox.stats().quarantinedCount, 3)
      t.equal(readdirSync(join(dir, 'quarantine')).length, 3)
    })
  },
)
