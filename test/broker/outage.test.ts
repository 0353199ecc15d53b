import t from 'tap'
import type { Publisher } from '#broker/publisher.js'
import { AgentError } from '#errors.js'
import { labUnavailable } from '../lab/command.js'
import { startRabbitmq } from '../support/rabbitmq.js'
import { message, never, settingsFor, taken, watched } from './helpers.js'

t.test('a publisher and a RabbitMQ in trouble', { skip: labUnavailable() ?? false }, async (t) => {
  const rabbitmq = await startRabbitmq()
  t.teardown(() => rabbitmq.close())
  const settings = settingsFor(rabbitmq.url)
  const { hostname, port } = new URL(rabbitmq.url)
  const host = `${hostname}:${port}`

  t.test('blocked by an alarm: it says so, waits, and loses nothing', async (t) => {
    const { publisher, kind, state, forget } = watched(t, { settings })
    await publisher.send(message(0), never)
    await rabbitmq.ctl(['set_vm_memory_high_watermark', '0'])
    const blocked = kind('blocked')
    const { waits } = await sendUntil(blocked, publisher)
    t.match((await blocked).lastProblem, /blocked by the broker: low on memory/)
    let isSent = false
    const second = publisher.send(message(2), never).then(() => {
      isSent = true
    })
    forget()
    t.equal(isSent, false)
    await rabbitmq.ctl(['set_vm_memory_high_watermark', '0.6'])
    await state(({ kind, lastProblem }) => kind === 'connected' && lastProblem === undefined)
    await Promise.all([waits, second])
  })

  t.test('closed while blocked it does not hang', async (t) => {
    const { publisher, kind } = watched(t, { settings })
    await publisher.send(message(0), never)
    await rabbitmq.ctl(['set_vm_memory_high_watermark', '0'])
    const { waits } = await sendUntil(kind('blocked'), publisher)
    const sent = t.rejects(waits, { code: 'BROKER_LOST' })
    await publisher.close()
    await sent
    await rabbitmq.ctl(['set_vm_memory_high_watermark', '0.6'])
  })

  t.test(
    'killed with messages under way: they are lost, not refused; the next ones wait',
    async (t) => {
      const { publisher, kind, state, forget } = watched(t, { settings })
      await kind('connected')
      // Paused, it confirms nothing, so that all of these are under way when it dies.
      await rabbitmq.pause()
      forget()
      const numbers = Array.from({ length: 300 }, (_, index) => index)
      const sent = Promise.allSettled(
        numbers.map((number) => publisher.send(message(number), never)),
      )
      await rabbitmq.kill()
      const codes = (await sent).map((one) => one.status === 'rejected' && one.reason.code)
      t.strictSame(new Set(codes), new Set(['BROKER_LOST']))
      const later = publisher.send(message(301), never)
      t.match(await kind('waiting'), { host, lastProblem: /./ })
      await rabbitmq.start()
      t.strictSame(await later, taken)
      await state(({ kind, attempts }) => kind === 'connected' && attempts === 0)
    },
  )

  t.test('stopped in order and started: the state says who ended it', async (t) => {
    const { publisher, kind, forget } = watched(t, { settings })
    await publisher.send(message(1), never)
    forget()
    const stopped = rabbitmq.stop()
    t.match(
      (await kind('waiting')).lastProblem,
      /the broker ended the connection: CONNECTION_FORCED/,
    )
    await stopped
    const later = publisher.send(message(2), never)
    await rabbitmq.start()
    t.strictSame(await later, taken)
  })

  t.test('silent for two heartbeats: it is given up, and what was under way is lost', async (t) => {
    const { publisher, kind, forget } = watched(t, {
      settings: settingsFor(rabbitmq.url, { heartbeatSeconds: 1, connectTimeoutMs: 300 }),
    })
    await publisher.send(message(1), never)
    forget()
    await rabbitmq.pause()
    const sent = publisher.send(message(2), never).catch((error: unknown) => error)
    t.match((await kind('waiting')).lastProblem, /no answer in time/)
    const problem = await sent
    t.ok(problem instanceof AgentError && problem.code === 'BROKER_LOST')
    await rabbitmq.resume()
    t.strictSame(await publisher.send(message(3), never), taken)
  })
})

/**
 * Sends one message after the other until the publisher is blocked: the broker says so to who publishes, and its alarm comes
 * a moment after the command that raised it.
 * @returns the message that waits
 */
async function sendUntil(
  blocked: Promise<unknown>,
  publisher: Publisher,
): Promise<{ readonly waits: Promise<unknown> }> {
  for (;;) {
    const waits = publisher.send(message(1), never)
    const isBlocked = await Promise.race([blocked.then(() => true), waits.then(() => false)])
    if (isBlocked) return { waits }
  }
}
