import { connect } from 'amqplib'
import t, { type Test } from 'tap'
import { createEventCounters } from '#bin/event-counters.js'
import { createDelivery, publishTask } from '#bin/publish-task.js'
import { encodeMessage } from '#event/codec.js'
import { type Outbox, openOutbox } from '#outbox/outbox.js'
import { listQuarantine } from '#outbox/quarantine.js'
import { loadConfig } from '#service/config.js'
import { createMetrics } from '#service/metrics.js'
import { labUnavailable } from '../lab/command.js'
import { openFreezingRelay } from '../support/freezing-relay.js'
import { startRabbitmq } from '../support/rabbitmq.js'
import { until } from '../support/until.js'
import { message, settingsFor, watched } from './helpers.js'

const patience = { deadlineMs: 60_000 }

/** A message about a subject, for a routing key. */
function about(subject: string, number: number, key: string, body = ''): Uint8Array {
  return encodeMessage(
    message(number, {
      messageId: `${subject}.${number}`,
      routingKey: key,
      headers: { 'cloudEvents:subject': subject },
      body: JSON.stringify({ subject, number, body }),
    }),
  )
}

t.test('what RabbitMQ does not take', { skip: labUnavailable() ?? false }, async (t) => {
  const rabbitmq = await startRabbitmq()
  const second = await startRabbitmq()
  t.teardown(async () => {
    await rabbitmq.close()
    await second.close()
  })

  /** The publish task as the agent runs it, and a consumer of the test's own. */
  async function publishing(
    t: Test,
    outbox: Outbox,
    {
      urls = [rabbitmq.url],
      unroutable = 'keep',
      confirmTimeoutMs = 30_000,
    }: { urls?: readonly string[]; unroutable?: 'drop' | 'keep'; confirmTimeoutMs?: number } = {},
  ) {
    const exchange = `ganeti${Math.random()}`
    const { config } = await loadConfig('/none', { isRequired: false })
    const settings = settingsFor(rabbitmq.url, { urls, exchange, confirmTimeoutMs })
    const link = watched(t, { settings, random: () => 0 }) // the first address first
    const lines: string[] = []
    const delivery = createDelivery()
    const stop = new AbortController()
    const running = publishTask(
      {
        config: { ...config, broker: { ...config.broker, exchange, unroutable } },
        outbox,
        log: (_level, event, fields) => lines.push(`${event} ${JSON.stringify(fields ?? {})}`),
        counters: createEventCounters(createMetrics()),
        delivery,
      },
      link.publisher,
    ).run(stop.signal)
    await link.kind('connected')
    const model = await connect(rabbitmq.url)
    model.on('error', () => undefined)
    t.teardown(() => model.close().catch(() => undefined))
    const channel = await model.createChannel()
    const got: string[] = []
    const listen = async (pattern: string, options = {}) => {
      await channel.assertExchange(exchange, 'topic', { durable: true })
      const { queue } = await channel.assertQueue('', { exclusive: true, ...options })
      await channel.bindQueue(queue, exchange, pattern)
      const consume = () =>
        channel.consume(queue, (one) => got.push(String(one?.properties.messageId)), {
          noAck: true,
        })
      return { queue, consume }
    }
    return {
      ...{ ...link, exchange, got, lines, delivery, listen },
      async [Symbol.asyncDispose]() {
        stop.abort()
        await running
      },
    }
  }

  const ofSubject = (got: readonly string[], subject: string) => [
    ...new Set(got.filter((id) => id.startsWith(`${subject}.`))),
  ]

  t.test('a full queue that refuses: its subjects wait, the others go on, in order', async (t) => {
    await using outbox = await openOutbox({ dir: t.testdir() })
    await using run = await publishing(t, outbox)
    const { listen, got, delivery, lines } = run
    const free = await listen('ganeti.free')
    await free.consume()
    const full = await listen('ganeti.full', {
      arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
    })
    const numbers = [1, 2, 3, 4, 5, 6]
    for (const number of numbers) {
      await outbox.append([
        about('vm1', number, 'ganeti.full'),
        about('vm2', number, 'ganeti.free'),
      ])
    }
    await until('the others', () => ofSubject(got, 'vm2').length === 6 || undefined, patience)
    await until('what waits', () => (delivery.heldBack?.count ?? 0) >= 4 || undefined, patience)
    t.match(delivery.heldBack, { reason: /does not take ganeti\.full: a queue is full/ })
    t.match(lines, [/^messages-held/])
    await full.consume()
    await until('an empty outbox', () => outbox.stats().backlogCount === 0 || undefined, patience)
    await until('all', () => ofSubject(got, 'vm1').length === 6 || undefined, patience)
    t.strictSame(
      ofSubject(got, 'vm2'),
      numbers.map((number) => `vm2.${number}`),
    )
    const last = ofSubject(got.toReversed(), 'vm1').reverse()
    t.strictSame(
      last,
      numbers.map((number) => `vm1.${number}`),
      'each arrived, the last time in order',
    )
    t.equal(outbox.stats().quarantinedCount, 0)
    t.match(lines.at(-1), /^messages-go-on/)
  })

  t.test('unroutable = keep: held until a queue is bound', async (t) => {
    await using outbox = await openOutbox({ dir: t.testdir() })
    await using run = await publishing(t, outbox)
    const { listen, got, delivery, lines } = run
    const other = await listen('ganeti.other')
    await other.consume()
    await outbox.append([
      about('vm1', 1, 'ganeti.key'),
      about('vm1', 2, 'ganeti.key'),
      about('vm2', 1, 'ganeti.other'),
    ])
    await until('the other', () => got.includes('vm2.1') || undefined, patience)
    await until('both held', () => delivery.heldBack?.count === 2 || undefined, patience)
    t.match(delivery.heldBack, { reason: 'no queue is bound for ganeti.key' })
    t.strictSame([...delivery.unroutable], ['ganeti.key'])
    const own = await listen('ganeti.key')
    await own.consume()
    await until('all', () => got.length === 3 || undefined, patience)
    t.strictSame(ofSubject(got, 'vm1'), ['vm1.1', 'vm1.2'])
    await until('an empty outbox', () => outbox.stats().backlogCount === 0 || undefined, patience)
    t.equal(lines.filter((line) => /^message-unroutable/.test(line)).length, 1, 'told once')
    t.ok(lines.some((line) => /^message-routable/.test(line)))
  })

  t.test('unroutable = drop: it is told once, counted, and gone', async (t) => {
    await using outbox = await openOutbox({ dir: t.testdir() })
    await using run = await publishing(t, outbox, { unroutable: 'drop' })
    const { publisher, lines, delivery } = run
    await outbox.append([1, 2, 3].map((number) => about('vm1', number, 'ganeti.key')))
    await until('an empty outbox', () => outbox.stats().backlogCount === 0 || undefined, patience)
    t.strictSame([...publisher.returned()], [['ganeti.key', 3]])
    t.strictSame(delivery.heldBack, undefined)
    t.equal(lines.filter((line) => /^message-unroutable/.test(line)).length, 1)
  })

  t.test('too large for the broker: quarantined; the others arrive once, in order', async (t) => {
    const dir = t.testdir()
    await using outbox = await openOutbox({ dir })
    await using run = await publishing(t, outbox)
    const { listen, got, lines } = run
    const all = await listen('#')
    await all.consume()
    await rabbitmq.ctl(['eval', 'persistent_term:put(max_message_size, 100000).'])
    await outbox.append([
      about('vm1', 1, 'ganeti.key'),
      about('vm1', 2, 'ganeti.key', 'x'.repeat(200_000)),
      ...[3, 4].map((number) => about('vm1', number, 'ganeti.key')),
      ...[1, 2, 3].map((number) => about('vm2', number, 'ganeti.key')),
    ])
    await until('an empty outbox', () => outbox.stats().backlogCount === 0 || undefined, patience)
    await until('all', () => new Set(got).size >= 6 || undefined, patience)
    t.strictSame(ofSubject(got, 'vm2'), ['vm2.1', 'vm2.2', 'vm2.3'])
    t.strictSame(ofSubject(got, 'vm1'), ['vm1.1', 'vm1.3', 'vm1.4'])
    t.equal((await listQuarantine(dir)).length, 1)
    t.ok(lines.some((line) => /^message-quarantined .*message size \d+ is larger/.test(line)))
    await rabbitmq.ctl(['eval', 'persistent_term:put(max_message_size, 16777216).'])
  })

  t.test('refused by a policy, five times while others are taken: quarantined', async (t) => {
    const dir = t.testdir()
    await using outbox = await openOutbox({ dir })
    await using run = await publishing(t, outbox)
    const { exchange, got, lines, listen } = run
    const all = await listen('#')
    await all.consume()
    await rabbitmq.ctl(['set_topic_permissions', 'okeanid', exchange, '^ganeti.free$', '.*'])
    await outbox.append([
      about('vm1', 1, 'ganeti.forbidden'),
      ...[1, 2, 3, 4, 5, 6, 7].map((number) => about('vm2', number, 'ganeti.free')),
      about('vm1', 2, 'ganeti.free'),
    ])
    await until('an empty outbox', () => outbox.stats().backlogCount === 0 || undefined, patience)
    await until('all', () => got.includes('vm1.2') || undefined, patience)
    t.strictSame(
      ofSubject(got, 'vm2'),
      [1, 2, 3, 4, 5, 6, 7].map((number) => `vm2.${number}`),
    )
    t.equal((await listQuarantine(dir)).length, 1)
    t.ok(lines.some((line) => /^message-quarantined .*refused 5 times/.test(line)))
  })

  t.test('packets that are dropped: found by the missing confirms, and sent again', async (t) => {
    await using outbox = await openOutbox({ dir: t.testdir() })
    await using relay = await openFreezingRelay(rabbitmq.url)
    await using run = await publishing(t, outbox, {
      urls: [relay.url, rabbitmq.url],
      confirmTimeoutMs: 1000,
    })
    const { listen, got, state } = run
    const all = await listen('#')
    await all.consume()
    relay.freeze()
    const numbers = Array.from({ length: 50 }, (_, index) => index + 1)
    await outbox.append(numbers.map((number) => about('vm2', number, 'ganeti.key')))
    await until('all', () => ofSubject(got, 'vm2').length === 50 || undefined, patience)
    t.strictSame(
      ofSubject(got, 'vm2'),
      numbers.map((number) => `vm2.${number}`),
    )
    t.equal(relay.connectionCount(), 1)
    await state(({ lastProblem }) =>
      /no answer in time: nothing was confirmed for 1000 ms/.test(lastProblem ?? ''),
    )
  })

  t.test('of two brokers one dies: the rest goes to the other, and nothing is lost', async (t) => {
    await using outbox = await openOutbox({ dir: t.testdir() })
    await using run = await publishing(t, outbox, {
      urls: [second.url, rabbitmq.url],
    })
    const { listen, got, state, publisher } = run
    const all = await listen('#')
    await all.consume()
    const { host: survivorHost } = new URL(rabbitmq.url)
    await second.kill()
    await outbox.append([1, 2, 3].map((number) => about('vm1', number, 'ganeti.key')))
    await until('all', () => ofSubject(got, 'vm1').length === 3 || undefined, patience)
    await state(({ kind, host }) => kind === 'connected' && host === survivorHost)
    t.match(publisher.state(), { kind: 'connected', host: survivorHost })
    t.strictSame(ofSubject(got, 'vm1'), ['vm1.1', 'vm1.2', 'vm1.3'])
  })
})
