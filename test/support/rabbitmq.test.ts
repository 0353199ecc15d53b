import { once } from 'node:events'
import { createConnection } from 'node:net'
import t from 'tap'
import { labUnavailable } from '../lab/command.js'
import { startRabbitmq } from './rabbitmq.js'

t.test('a RabbitMQ of our own', { skip: labUnavailable() ?? false }, async (t) => {
  const rabbitmq = await startRabbitmq()
  t.teardown(() => rabbitmq.close())
  const { hostname, port, username } = new URL(rabbitmq.url)

  t.test('listens on the loopback and knows its user', async (t) => {
    t.equal(hostname, '127.0.0.1')
    t.ok(await isOpen(Number(port)))
    t.match(await rabbitmq.ctl(['list_users']), new RegExp(`^${username}\\t`, 'm'))
  })

  t.test('takes users and virtual hosts', async (t) => {
    await rabbitmq.ctl(['add_vhost', 'site'])
    await rabbitmq.ctl(['add_user', 'guest1', 'secret'])
    t.match(await rabbitmq.ctl(['list_vhosts']), /^site$/m)
  })

  t.test('keeps its data and its port over kill and start', async (t) => {
    await rabbitmq.kill()
    t.notOk(await isOpen(Number(port)))
    await rabbitmq.start()
    t.ok(await isOpen(Number(port)))
    t.match(await rabbitmq.ctl(['list_vhosts']), /^site$/m)
  })

  t.test('keeps them over stop and start', async (t) => {
    await rabbitmq.stop()
    t.notOk(await isOpen(Number(port)))
    await rabbitmq.start()
    t.match(await rabbitmq.ctl(['list_vhosts']), /^site$/m)
  })

  t.test('answers nobody while it is paused, and goes on after', async (t) => {
    await rabbitmq.pause()
    t.equal(await greeting(Number(port), 500), undefined)
    await rabbitmq.resume()
    t.match(await greeting(Number(port), 10_000), 'AMQP')
  })

  t.test('is gone when it is closed, which may be done twice', async (t) => {
    await rabbitmq.close()
    await rabbitmq.close()
    t.notOk(await isOpen(Number(port)))
  })
})

async function isOpen(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** What the broker answers to a protocol header that it does not speak: its own; undefined when nothing came in time. */
async function greeting(port: number, milliseconds: number): Promise<string | undefined> {
  const socket = createConnection(port, '127.0.0.1')
  const signal = AbortSignal.timeout(milliseconds)
  try {
    socket.write('AMQP\x09\x09\x09\x09')
    const [answer] = await once(socket, 'data', { signal })
    return String(answer)
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}
