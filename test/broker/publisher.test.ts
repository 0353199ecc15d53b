import { connect } from 'amqplib'
import t, { type Test } from 'tap'
import { labUnavailable } from '../lab/command.js'
import { startRabbitmq } from '../support/rabbitmq.js'
import { message, never, settingsFor, taken, urlWith, watched } from './helpers.js'

t.test('a publisher and a real RabbitMQ', { skip: labUnavailable() ?? false }, async (t) => {
  const rabbitmq = await startRabbitmq()
  t.teardown(() => rabbitmq.close())
  const settings = settingsFor(rabbitmq.url)
  const { hostname, port } = new URL(rabbitmq.url)
  const host = `${hostname}:${port}`

  /** A plain connection of the test's own, with its channel. */
  async function admin(t: Test) {
    const model = await connect(rabbitmq.url)
    model.on('error', () => undefined)
    t.teardown(() => model.close().catch(() => undefined))
    return model.createChannel()
  }

  t.test('confirms, and the message has the properties of the contract', async (t) => {
    const channel = await admin(t)
    const { publisher, kind } = watched(t, { settings })
    await kind('connected')
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.bindQueue(queue, 'ganeti', 'ganeti.*.event.op')
    t.strictSame(await publisher.send(message(7), never), { kind: 'confirmed' })
    const got = await channel.get(queue, { noAck: true })
    if (!got) throw new Error('nothing was in the queue when it was confirmed')
    t.equal(got.content.toString(), '{"number":7}')
    t.equal(got.fields.routingKey, 'ganeti.snf.event.op')
    t.match(got.properties, {
      contentType: 'application/json',
      appId: 'okeanid',
      deliveryMode: 2,
      messageId: 'test.7',
      timestamp: 1_700_000_007,
      headers: { schema: 1, 'cloudEvents:source': 'test' },
    })
    t.equal(publisher.returned().size, 0)
    t.match(publisher.state(), { kind: 'connected', host, attempts: 0, lastProblem: undefined })
  })

  t.test('keeps the order, also of what was sent before there was a connection', async (t) => {
    const channel = await admin(t)
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.bindQueue(queue, 'ganeti', '#')
    const { publisher } = watched(t, { settings })
    const numbers = Array.from({ length: 1000 }, (_, index) => index)
    await Promise.all(numbers.map((number) => publisher.send(message(number), never)))
    const got: number[] = []
    await channel.consume(queue, (one) => got.push(JSON.parse(String(one?.content)).number), {
      noAck: true,
    })
    while (got.length < numbers.length) await new Promise(setImmediate)
    t.strictSame(got, numbers)
  })

  t.test('tells of each message whether a queue was bound for it', async (t) => {
    const { publisher } = watched(t, { settings })
    const channel = await admin(t)
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.bindQueue(queue, 'ganeti', 'somebody.wants.this')
    const keys = ['nobody.wants.this', 'somebody.wants.this', 'nobody.wants.this', 'nor.this']
    const outcomes = await Promise.all(
      keys.map((routingKey, n) => publisher.send(message(n, { routingKey }), never)),
    )
    t.strictSame(
      outcomes.map(({ kind }) => kind),
      ['unroutable', 'confirmed', 'unroutable', 'unroutable'],
    )
    t.strictSame(
      [...publisher.returned()],
      [
        ['nobody.wants.this', 2],
        ['nor.this', 1],
      ],
    )
  })

  t.test('tells poison from the rest', async (t) => {
    const { publisher } = watched(t, { settings })
    const cases = [
      message(1, { routingKey: 'x'.repeat(256) }),
      message(2, { messageId: 'x'.repeat(256) }),
      message(3, { headers: { long: 'x'.repeat(70_000) } }),
      message(4),
    ]
    const outcomes = await Promise.all(cases.map((one) => publisher.send(one, never)))
    t.strictSame(
      outcomes.map((outcome) => outcome.kind),
      ['poison', 'poison', 'poison', 'unroutable'],
    )
  })

  t.test(
    'a full queue that refuses is a nack of that message; the others are confirmed',
    async (t) => {
      const channel = await admin(t)
      const { publisher, kind, states } = watched(t, { settings })
      await kind('connected')
      const { queue } = await channel.assertQueue('', {
        exclusive: true,
        arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' },
      })
      await channel.bindQueue(queue, 'ganeti', 'too.many')
      const sent = await Promise.allSettled([
        publisher.send(message(1), never),
        publisher.send(message(2, { routingKey: 'too.many' }), never),
        publisher.send(message(3), never),
      ])
      const codes = sent.map((one) =>
        one.status === 'rejected' ? one.reason.code : one.value.kind,
      )
      t.strictSame(codes, ['unroutable', 'nacked', 'unroutable'])
      t.equal(states.at(-1)?.kind, 'connected')
    },
  )

  t.test(
    'a message that closes the channel: all under way are refused, then on it goes',
    async (t) => {
      const { publisher, kind, state } = watched(t, { settings })
      await kind('connected')
      const huge = message(1, { body: 'x'.repeat(17 * 1024 * 1024) })
      const sent = await Promise.allSettled([
        publisher.send(huge, never),
        publisher.send(message(2), never),
      ])
      const codes = sent.map((one) => one.status === 'rejected' && one.reason.code)
      t.strictSame(codes, ['BROKER_REFUSED', 'BROKER_REFUSED'])
      await state(({ lastProblem }) => /message size \d+ is larger/.test(lastProblem ?? ''))
      t.strictSame(await publisher.send(message(3), never), taken)
    },
  )

  t.test('a user who may only write is content with an exchange that is there', async (t) => {
    await rabbitmq.ctl(['add_user', 'writer', 'writerpw'])
    await rabbitmq.ctl(['set_permissions', 'writer', '^$', '^ganeti$', '^$'])
    const url = urlWith(rabbitmq.url, { username: 'writer', password: 'writerpw' })
    const { publisher } = watched(t, { settings: settingsFor(url) })
    t.strictSame(await publisher.send(message(1), never), taken)
  })

  t.test('a user who may not write: the state names the cure, never the password', async (t) => {
    await rabbitmq.ctl(['add_user', 'reader', 'readerpw'])
    await rabbitmq.ctl(['set_permissions', 'reader', '^$', '^$', '.*'])
    const url = urlWith(rabbitmq.url, { username: 'reader', password: 'readerpw' })
    const { publisher, state, states } = watched(t, { settings: settingsFor(url) })
    await t.rejects(publisher.send(message(1), never), { code: 'BROKER_REFUSED' })
    await state(({ lastProblem }) =>
      /user reader may not write exchange 'ganeti'.*set_permissions -p \/ reader/.test(
        lastProblem ?? '',
      ),
    )
    t.notMatch(JSON.stringify(states), /readerpw/)
  })

  t.test(
    'a wrong password: the state names the cure; it connects when that is taken',
    async (t) => {
      const url = urlWith(rabbitmq.url, { username: 'late', password: 'latepw' })
      const { publisher, kind, states } = watched(t, { settings: settingsFor(url) })
      const sent = publisher.send(message(1), never)
      t.match(
        (await kind('waiting')).lastProblem,
        `${host}: user late is not let in: check user and password`,
      )
      await rabbitmq.ctl(['add_user', 'late', 'latepw'])
      await rabbitmq.ctl(['set_permissions', 'late', '.*', '.*', '.*'])
      t.strictSame(await sent, taken)
      t.notMatch(JSON.stringify(states), /latepw/)
    },
  )

  t.test('a missing virtual host: the same', async (t) => {
    const { publisher, kind } = watched(t, {
      settings: settingsFor(urlWith(rabbitmq.url, { pathname: '/site' })),
    })
    const sent = publisher.send(message(1), never)
    t.match(
      (await kind('waiting')).lastProblem,
      /virtual host 'site' does not exist or is not for user okeanid/,
    )
    await rabbitmq.ctl(['add_vhost', 'site'])
    await rabbitmq.ctl(['set_permissions', '-p', 'site', 'okeanid', '.*', '.*', '.*'])
    t.strictSame(await sent, taken)
  })

  t.test('an exchange of another type: the same', async (t) => {
    const channel = await admin(t)
    await channel.assertExchange('wrong', 'fanout')
    const { publisher, kind } = watched(t, {
      settings: settingsFor(rabbitmq.url, { exchange: 'wrong' }),
    })
    const sent = publisher.send(message(1), never)
    t.match(
      (await kind('waiting')).lastProblem,
      /exchange 'wrong' exists as fanout, not topic: delete it/,
    )
    await channel.deleteExchange('wrong')
    t.strictSame(await sent, taken)
  })

  t.test('an exchange that is deleted under it is declared again', async (t) => {
    const channel = await admin(t)
    const { publisher, kind } = watched(t, {
      settings: settingsFor(rabbitmq.url, { exchange: 'brief' }),
    })
    await kind('connected')
    await channel.deleteExchange('brief')
    await t.rejects(publisher.send(message(1), never), {
      code: 'BROKER_REFUSED',
      message: /is gone/,
    })
    t.strictSame(await publisher.send(message(1), never), taken)
  })
})
