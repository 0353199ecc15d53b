import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { message, never, settingsFor, watched } from './helpers.js'

/** A server that takes connections and answers with what it is given: nothing, or something that is not AMQP. */
async function deafServer(
  t: Test,
  answer = '',
): Promise<{ url: string; sockets: readonly Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.write(answer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `amqp://user:s3cret@127.0.0.1:${port}`, sockets }
}

t.test('closing cuts an attempt that gets no answer, and says goodbye to who waits', async (t) => {
  const { url, sockets } = await deafServer(t)
  const { publisher, kind } = watched(t, {
    settings: settingsFor(url, { connectTimeoutMs: 1_000_000 }),
  })
  const sent = t.rejects(publisher.send(message(1), never), { code: 'BROKER_LOST' })
  while (sockets.length === 0) await new Promise(setImmediate)
  await publisher.close()
  await kind('closed')
  await sent
  await t.rejects(publisher.send(message(2), never), { code: 'BROKER_LOST' })
  t.equal(publisher.close().constructor, Promise, 'twice without harm')
})

t.test('a peer without an answer is given up after the time limit', async (t) => {
  const { url } = await deafServer(t)
  const { kind } = watched(t, { settings: settingsFor(url, { connectTimeoutMs: 100 }) })
  t.match((await kind('waiting')).lastProblem, /no answer in time/)
})

t.test('a peer that does not speak AMQP is told so', async (t) => {
  const { url } = await deafServer(t, 'HTTP/1.1 400 Bad Request\r\n\r\n')
  const { kind } = watched(t, { settings: settingsFor(url) })
  t.match((await kind('waiting')).lastProblem, /does not speak AMQP/)
})

t.test('each attempt goes to the next host; the pauses grow by rounds', async (t) => {
  const hosts = ['amqp://127.0.0.1:1', 'amqp://127.0.0.2:1', 'amqp://127.0.0.3:1']
  const { states, state } = watched(t, {
    settings: settingsFor('', { urls: hosts, backoff: { firstMs: 1, maxMs: 4 } }),
  })
  await state(({ kind, attempts }) => kind === 'waiting' && attempts === 6)
  const tried = states.filter(({ kind }) => kind === 'connecting').map(({ host }) => host)
  t.strictSame(new Set(tried.slice(0, 3)).size, 3)
  t.strictSame(tried.slice(3, 6), tried.slice(0, 3))
})

t.test('the signal takes back what has not left yet', async (t) => {
  const { publisher } = watched(t, { settings: settingsFor('amqp://127.0.0.1:1') })
  const stop = new AbortController()
  const sent = t.rejects(publisher.send(message(1), stop.signal), new Error('enough'))
  stop.abort(new Error('enough'))
  await sent
  await t.rejects(publisher.send(message(2), stop.signal), new Error('enough'))
})

t.test('only so many may wait for a connection', async (t) => {
  const { publisher } = watched(t, { settings: settingsFor('amqp://127.0.0.1:1'), waitingCount: 3 })
  const waiting = [1, 2, 3].map((number) =>
    t.rejects(publisher.send(message(number), never), { code: 'BROKER_LOST' }),
  )
  await t.rejects(publisher.send(message(4), never), { code: 'BROKER_UNREACHABLE' })
  await publisher.close()
  await Promise.all(waiting)
})
