import { connect } from 'amqplib'
import t, { type Test } from 'tap'
import { type ConsumeOptions, consume, type Delivery } from '#broker/consumer.js'
import type { BrokerState } from '#broker/settings.js'
import { labUnavailable } from '../lab/command.js'
import { startRabbitmq } from '../support/rabbitmq.js'
import { message, never, settingsFor, watched } from './helpers.js'

t.test('a consumer and a real RabbitMQ', { skip: labUnavailable() ?? false }, async (t) => {
  const rabbitmq = await startRabbitmq()
  t.teardown(() => rabbitmq.close())
  const settings = settingsFor(rabbitmq.url)

  /** Consumes until the test ends; `took(n)` resolves after `n` deliveries. */
  async function consuming(t: Test, options: Partial<ConsumeOptions> = {}) {
    const stop = new AbortController()
    const deliveries: Delivery[] = []
    const states: BrokerState[] = []
    let told = () => {}
    let readyCount = 0
    const wait = async (isDone: () => boolean) => {
      while (!isDone()) {
        await new Promise<void>((resolve) => {
          told = resolve
        })
      }
    }
    const done = consume({
      settings,
      bindings: ['#'],
      onState: (state) => states.push(state),
      signal: stop.signal,
      ...options,
      onReady() {
        readyCount += 1
        told()
      },
      async onDelivery(delivery, isLive) {
        deliveries.push(delivery)
        told()
        await options.onDelivery?.(delivery, isLive)
      },
    })
    const end = async () => {
      stop.abort()
      await done
    }
    t.teardown(end)
    await wait(() => readyCount === 1)
    const took = (count: number) => wait(() => deliveries.length >= count)
    return {
      deliveries,
      states,
      took,
      end,
      ready: (count: number) => wait(() => readyCount >= count),
    }
  }

  t.test('tells what came, and its bindings select', async (t) => {
    const { deliveries, took } = await consuming(t, { bindings: ['ganeti.*.event.op', 'other'] })
    const { publisher } = watched(t, { settings })
    await publisher.send(message(1, { routingKey: 'ganeti.snf.event.net' }), never)
    await publisher.send(message(2), never)
    await publisher.send(message(3, { routingKey: 'other' }), never)
    await took(2)
    t.match(deliveries, [
      {
        routingKey: 'ganeti.snf.event.op',
        messageId: 'test.2',
        timestampSeconds: 1_700_000_002,
        headers: { schema: 1 },
        body: '{"number":2}',
        isRedelivered: false,
      },
      { routingKey: 'other', messageId: 'test.3' },
    ])
  })

  t.test('a queue of its own goes with it', async (t) => {
    const { end } = await consuming(t)
    const before = await rabbitmq.ctl(['list_queues', 'name', 'auto_delete'])
    await end()
    const after = await rabbitmq.ctl(['list_queues', 'name', 'auto_delete'])
    t.match(before, /amq\.gen-\S+\ttrue/)
    t.notMatch(after, /amq\.gen/)
  })

  t.test('never holds more than its prefetch, and acknowledges only what is done', async (t) => {
    const finish: (() => void)[] = []
    const queue = { name: 'prefetch', durable: true }
    const { deliveries, took } = await consuming(t, {
      queue,
      prefetchCount: 3,
      onDelivery: () => new Promise((resolve) => finish.push(resolve)),
    })
    const { publisher } = watched(t, { settings })
    for (let number = 0; number < 10; number += 1) await publisher.send(message(number), never)
    await took(3)
    const counts = await rabbitmq.ctl([
      'list_queues',
      'name',
      'messages',
      'messages_unacknowledged',
    ])
    t.match(counts, /^prefetch\t10\t3$/m)
    t.equal(deliveries.length, 3)
    finish[1]?.()
    await took(4)
    t.equal(deliveries.length, 4)
  })

  t.test('what could not be handled comes again, after a pause', async (t) => {
    let failures = 0
    const { deliveries, states, took } = await consuming(t, {
      queue: { name: 'again', durable: true },
      async onDelivery({ messageId }) {
        if (messageId === 'test.2' && failures++ < 2) throw new Error('the database is away')
      },
    })
    const { publisher } = watched(t, { settings })
    for (const number of [1, 2]) await publisher.send(message(number), never)
    await took(4)
    t.strictSame(
      deliveries.map(({ messageId, isRedelivered }) => `${messageId} ${isRedelivered}`),
      ['test.1 false', 'test.2 false', 'test.2 true', 'test.2 true'],
    )
    t.match(
      states.filter(({ kind }) => kind === 'waiting'),
      [{ lastProblem: /a delivery could not be handled: the database is away/ }, {}],
    )
  })

  t.test('comes back when its queue is deleted, and when the broker is', async (t) => {
    const { took, ready } = await consuming(t, { queue: { name: 'deleted', durable: true } })
    const model = await connect(rabbitmq.url)
    model.on('error', () => undefined)
    const channel = await model.createChannel()
    await channel.deleteQueue('deleted')
    await ready(2)
    await rabbitmq.kill()
    await rabbitmq.start()
    await ready(3)
    const { publisher } = watched(t, { settings })
    await publisher.send(message(1), never)
    await took(1)
  })
})
