import { spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { connect } from 'amqplib'
import t, { type Test } from 'tap'
import { message, never, settingsFor, watched } from '../broker/helpers.js'
import { labUnavailable } from '../lab/command.js'
import { logged, type Measured, startProgram } from '../support/agent.js'
import { startRabbitmq } from '../support/rabbitmq.js'
import { openReceiver, type Posted } from '../support/receiver.js'
import { until } from '../support/until.js'

/** `okeanid events forward` as a process, with a real RabbitMQ and a real HTTP server that fails, hangs, is away. */

/** Waits until something is so. */
const when = (what: string, isSo: () => boolean | Promise<boolean>) =>
  until(what, async () => ((await isSo()) ? true : undefined))

const program = 'dist/agent/bin/okeanid.js'

t.test('forwarding', { skip: labUnavailable() ?? false, timeout: 600_000 }, async (t) => {
  const rabbitmq = await startRabbitmq()
  t.teardown(() => rabbitmq.close())
  const { publisher } = watched(t, { settings: settingsFor(rabbitmq.url) })
  let count = 0

  /** What the broker says of a queue, much quicker than rabbitmqctl. One that is not there ends the channel. */
  async function queueFacts(queue: string) {
    const model = await connect(rabbitmq.url)
    const channel = await model.createChannel()
    channel.on('error', () => undefined)
    const found = await channel.checkQueue(queue).catch(() => undefined)
    await model.close()
    return found
  }

  /** A consumer of a name of its own, and what is published for it alone. */
  function consumer(t: Test, keys: Readonly<Record<string, string | number>>) {
    count += 1
    const name = `c${count}`
    const queue = `okeanid.consumer.${name}`
    const folder = mkdtempSync(path.join(tmpdir(), 'okeanid-forward-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const config = path.join(folder, 'okeanid.ini')
    const secret = path.join(folder, 'secret')
    writeFileSync(secret, 'hush\n')
    const routing = `ganeti.${name}.event.op`
    const all = {
      bindings: routing,
      retry_first: '20ms',
      retry_max: '100ms',
      secret_file: secret,
      ...keys,
    }
    const lines = Object.entries(all).map(([key, value]) => `${key} = ${value}\n`)
    const broker = `[broker]\nurl = ${rabbitmq.url}\n`
    writeFileSync(
      config,
      `[agent]\nlog_level = debug\n${broker}[consumer ${name}]\n${lines.join('')}`,
    )
    const start = () => startProgram([program, 'events', 'forward', name, '-c', config])
    return {
      start,
      async test() {
        const run = startProgram([program, 'events', 'forward', name, '--test', '-c', config])
        let said = ''
        run.child.stdout?.on('data', (part) => {
          said += String(part)
        })
        const [status] = (await once(run.child, 'close')) as readonly number[]
        return { status, said: `${said}${run.log()}` }
      },
      /** Starts it and waits until its queue is bound, so that nothing that is published then is lost. */
      async begin() {
        const role = start()
        await logged(role, /broker-connected/)
        await when('its queue', async () => ((await queueFacts(queue))?.consumerCount ?? 0) > 0)
        return role
      },
      /** Messages that were not acknowledged, once nobody consumes any more. */
      waiting: async () => (await queueFacts(queue))?.messageCount,
      publish: async (numbers: readonly number[], body?: (number: number) => object) => {
        for (const number of numbers)
          await publisher.send(
            message(number, {
              routingKey: routing,
              messageId: `${name}.${number}`,
              headers: {
                'cloudEvents:specversion': '1.0',
                'cloudEvents:source': '/ganeti/c',
                'cloudEvents:subject': `vm${number % 3}`,
              },
              ...(body === undefined ? {} : { body: JSON.stringify(body(number)) }),
            }),
            never,
          )
      },
    }
  }

  /** Waits until so many are handed over; the acknowledgement leaves in the same turn. */
  const forwarded = (role: Measured, wanted: number) =>
    when(
      `${wanted} messages`,
      () => (role.log().match(/message-forwarded/g)?.length ?? 0) >= wanted,
    )

  const upTo = (length: number) => Array.from({ length }, (_, index) => index)
  const numbersOf = (posted: readonly Posted[]) =>
    posted.map(({ body }) => (JSON.parse(body) as { data: { number: number } }).data.number)
  const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)

  t.test(
    'each message is a signed CloudEvent, in order for each subject, and then gone',
    async (t) => {
      await using receiver = await openReceiver()
      const { begin, publish, waiting } = consumer(t, { url: receiver.url })
      {
        await using role = await begin()
        await publish(upTo(30))
        await forwarded(role, 30)
      }
      t.equal(await waiting(), 0)
      for (const subject of [0, 1, 2]) {
        const own = numbersOf(receiver.taken).filter((number) => number % 3 === subject)
        t.strictSame(own, sorted(own), `vm${subject}`)
      }
      const [first] = receiver.taken
      t.match(first?.headers['content-type'], /^application\/cloudevents\+json/)
      const [, time, digest] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(first?.headers['okeanid-signature'])) ?? []
      t.equal(digest, createHmac('sha256', 'hush').update(`${time}.${first?.body}`).digest('hex'))
    },
  )

  t.test('a receiver that answers 500 and 503 gets all the same', async (t) => {
    await using receiver = await openReceiver()
    const answers = [500, { status: 503, headers: { 'retry-after': '1' } }, 302, 404, 401] as const
    receiver.answer = () => answers[receiver.posted.length - 1] ?? 200
    const { begin, publish } = consumer(t, { url: receiver.url, parallel: 1 })
    await using role = await begin()
    await publish(upTo(6))
    await when('6 messages', () => receiver.taken.length === 6)
    t.strictSame(numbersOf(receiver.taken), upTo(6))
    t.match(role.log(), /receiver-away why="?status 500/)
    t.match(role.log(), /receiver-back/)
  })

  t.test('a receiver that hangs is asked again', async (t) => {
    await using receiver = await openReceiver()
    receiver.answer = () => (receiver.posted.length <= 2 ? 'hang' : 200)
    const { begin, publish } = consumer(t, { url: receiver.url, timeout: '300ms', parallel: 1 })
    await using role = await begin()
    await publish(upTo(3))
    await when('3 messages', () => receiver.taken.length === 3)
    t.strictSame(numbersOf(receiver.taken), upTo(3))
    t.match(role.log(), /receiver-away why="no answer within 300 ms"/)
  })

  t.test(
    'nothing is lost while the receiver is away, the program is killed, the broker restarts',
    async (t) => {
      await using receiver = await openReceiver()
      await receiver.stop()
      const { begin, start, publish, waiting } = consumer(t, { url: receiver.url })
      {
        await using role = await begin()
        await publish(upTo(20))
        await logged(role, /receiver-away why="?connection refused/)
        role.child.kill('SIGKILL')
        await once(role.child, 'exit')
      }
      await rabbitmq.kill()
      await rabbitmq.start()
      t.equal(await waiting(), 20, 'none is acknowledged')
      {
        await using role = start()
        await logged(role, /receiver-away/)
        await receiver.start()
        await forwarded(role, 20)
      }
      t.equal(await waiting(), 0)
      t.strictSame(sorted([...new Set(numbersOf(receiver.taken))]), upTo(20))
    },
  )

  t.test('told to stop while the receiver is away it acknowledges nothing', async (t) => {
    await using receiver = await openReceiver()
    receiver.answer = () => 500
    const { begin, publish, waiting } = consumer(t, { url: receiver.url })
    {
      await using role = await begin()
      await publish(upTo(5))
      await logged(role, /receiver-away/)
    }
    t.equal(await waiting(), 5)
  })

  t.test('a message that is refused for itself is given up and told; others go on', async (t) => {
    await using receiver = await openReceiver()
    receiver.answer = ({ body }) => (/"number":2[,}]/.test(body) ? 422 : 200)
    const { begin, publish, waiting } = consumer(t, { url: receiver.url })
    {
      await using role = await begin()
      await publish(upTo(6))
      await logged(role, /message-given-up id=\S+\.2 why="?status 422/)
      await forwarded(role, 5)
    }
    t.equal(await waiting(), 0)
    t.strictSame(sorted(numbersOf(receiver.taken)), [0, 1, 3, 4, 5])
    t.equal(receiver.posted.filter(({ body }) => /"number":2[,}]/.test(body)).length, 5)
  })

  t.test('a chat hears of ends only, as text', async (t) => {
    await using receiver = await openReceiver()
    const { begin, publish } = consumer(t, { url: receiver.url, form: 'slack', parallel: 1 })
    await using _role = await begin()
    const statuses = ['queued', 'running', 'error']
    await publish(upTo(3), (number) => ({
      type: 'ganeti-job-status',
      cluster: 'c',
      jobId: 7,
      status: statuses[number],
      summary: ['INSTANCE_STARTUP(<vm1>)'],
    }))
    await when('the last of them', () => receiver.taken.length > 0)
    t.strictSame(
      receiver.taken.map(({ body }) => JSON.parse(body) as unknown),
      [{ text: ':x: job 7 error: INSTANCE_STARTUP(&lt;vm1&gt;) (c)' }],
    )
  })

  t.test('Prometheus counts each message once, though it comes twice', async (t) => {
    const { start, publish } = consumer(t, { form: 'prometheus', listen: '127.0.0.1:19469' })
    await using role = start()
    await logged(role, /broker-connected/)
    const body = () => ({ type: 'ganeti-op-status', status: 'success', operation: 'OP_TEST_DELAY' })
    const read = async () => (await fetch('http://127.0.0.1:19469/metrics')).text()
    const line =
      'okeanid_events_total{type="ganeti-op-status",status="success",operation="OP_TEST_DELAY"}'
    await when('its queue, and the first message', async () => {
      await publish([1], body) // it has no durable queue: what nobody is there for is not counted
      return (await read()).includes(`${line} 1`)
    })
    await publish([1, 2, 2, 3], body)
    await when('three in all', async () => (await read()).includes(`${line} 3`))
    t.equal((await fetch('http://127.0.0.1:19469/')).status, 404)
  })

  t.test('--test says whether the receiver takes a sample', async (t) => {
    await using receiver = await openReceiver()
    const { test } = consumer(t, { url: receiver.url })
    t.match(await test(), { status: 0, said: /^ok: the receiver of c\d+ took it/ })
    receiver.answer = () => 403
    t.match(await test(), { status: 1, said: /did not take it: status 403/ })
    await receiver.stop()
    t.match(await test(), { status: 1, said: /did not take it: connection refused/ })
  })
})

t.test('what a consumer lacks is told', async (t) => {
  const file = path.join(t.testdir(), 'okeanid.ini')
  const run = (text: string) => {
    writeFileSync(file, text)
    return spawnSync(process.execPath, [program, 'events', 'forward', 'one', '-c', file], {
      encoding: 'utf8',
    })
  }
  for (const { text, says } of [
    { text: '', says: /\[consumer one\] is not there: .*local.ini; there are none/ },
    {
      text: '[consumer one]\n[consumer two]\nurl = x',
      says: /\[consumer two\] url: wants an address like https/,
    },
    {
      text: '[consumer two]\nurl = http://h/',
      says: /\[consumer one\] is not there: .* there are two/,
    },
    { text: '[consumer one]\nform = webhook', says: /\[consumer one\] url: wants an address/ },
    {
      text: '[consumer one]\nform = prometheus',
      says: /\[consumer one\] listen: wants an address/,
    },
    { text: '[consumer one]\nurl = http://h/\n[broker]\nenabled = no', says: /wants a broker/ },
  ]) {
    const { status, stderr } = run(text)
    t.match(stderr, says)
    t.equal(status, 78)
  }
})
