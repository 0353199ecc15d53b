import { type ClientRequest, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { recordEvent } from '#central/events/record-event.js'
import { type CentralApp, openCentralApp, startMs } from '../../support/central-app.js'
import { until } from '../../support/until.js'

/** A stream of `GET /events`, and what came until now. */
interface Stream {
  readonly request: ClientRequest
  readonly answer: IncomingMessage
  readonly text: () => string
}

async function listen({ app }: CentralApp): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

async function follow(
  t: Test,
  {
    port,
    token,
    lastEventId,
  }: { readonly port: number; readonly token: string; readonly lastEventId?: string },
): Promise<Stream> {
  const headers = {
    'x-auth-token': token,
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  }
  const { request, answer } = await new Promise<Omit<Stream, 'text'>>((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path: '/events', headers }, (answer) =>
      resolve({ request, answer }),
    )
    request.once('error', reject)
  })
  t.teardown(() => request.destroy())
  request.on('error', () => undefined)
  let text = ''
  answer.setEncoding('utf8')
  answer.on('data', (part: string) => {
    text += part
  })
  answer.on('error', () => undefined)
  return { request, answer, text: () => text }
}

async function record(central: CentralApp, projectId: string | null, id: string): Promise<void> {
  const event = { projectId, serverId: null, kind: 'server.update', body: { id }, nowMs: 1 }
  await central.store.write((tx) => recordEvent(tx, event))
  central.context.wakeEvents()
}

/** Waits until a stream holds a text. */
function holds(stream: Stream, part: string): Promise<true> {
  return until(part, () => (stream.text().includes(part) ? true : undefined))
}

t.test('GET /events', async (t) => {
  t.test('tells each project its own, and admins everything', async (t) => {
    const central = await openCentralApp(t)
    const [alice, bob, root] = [
      await central.enter('alice'),
      await central.enter('bob'),
      await central.enter('root', 'admin'),
    ]
    const port = await listen(central)
    const [ofAlice, ofBob, ofRoot] = await Promise.all(
      [alice, bob, root].map(({ token }) => follow(t, { port, token })),
    )
    if (ofAlice === undefined || ofBob === undefined || ofRoot === undefined) throw new Error()
    t.match(ofAlice.answer.headers, { 'content-type': /^text\/event-stream/ })
    await until('all to follow', () => (central.context.events.count() === 3 ? true : undefined))
    await record(central, alice.projectId, 'of-alice')
    await record(central, bob.projectId, 'of-bob')
    await record(central, null, 'of-nobody')
    await holds(ofRoot, 'of-nobody')
    await holds(ofBob, 'of-bob')
    await holds(ofAlice, 'id: 1\nevent: server.update\ndata: {"id":"of-alice"}\n\n')
    t.notMatch(ofAlice.text(), /of-bob|of-nobody/)
    t.notMatch(ofBob.text(), /of-alice|of-nobody/)
    t.match(ofRoot.text(), /of-alice[\s\S]*of-bob[\s\S]*of-nobody/)
  })

  t.test('goes on after Last-Event-ID, and says when that was forgotten', async (t) => {
    const central = await openCentralApp(t)
    const { token, projectId } = await central.enter('alice')
    for (const id of ['a', 'b', 'c']) await record(central, projectId, id)
    const port = await listen(central)
    const stream = await follow(t, { port, token, lastEventId: '1' })
    await holds(stream, '"c"')
    t.notMatch(stream.text(), /"a"|reset/)
    await central.store.write((tx) => tx.deleteFrom('events').where('id', '<', 3).execute())
    const late = await follow(t, { port, token, lastEventId: '1' })
    await holds(late, '"c"')
    t.match(late.text(), /event: reset/)
  })

  t.test('is for those with a token, and for so many', async (t) => {
    const central = await openCentralApp(t)
    const { token } = await central.enter('alice')
    const refused = await central.app.inject({ url: '/events' })
    t.equal(refused.statusCode, 401)
    const headers = { 'x-auth-token': token, 'last-event-id': '../1' }
    t.equal((await central.app.inject({ url: '/events', headers })).statusCode, 400)
    const { events, config } = central.context
    const port = await listen(central)
    const all = Array.from({ length: config.events.clients }, () => follow(t, { port, token }))
    await Promise.all(all)
    await until('all to follow', () =>
      events.count() === config.events.clients ? true : undefined,
    )
    const { answer } = await follow(t, { port, token })
    t.equal(answer.statusCode, 503)
  })

  t.test('ends when its token does', async (t) => {
    const central = await openCentralApp(t)
    const { token } = await central.enter('alice')
    const port = await listen(central)
    central.setNow(startMs + 3_600_000 - 300)
    const stream = await follow(t, { port, token })
    t.equal(stream.answer.statusCode, 200)
    await new Promise((resolve) => stream.answer.once('end', resolve))
    t.equal(central.context.events.count(), 0)
  })

  t.test('ends when the server is closed', async (t) => {
    const central = await openCentralApp(t)
    const { token } = await central.enter('alice')
    const port = await listen(central)
    const stream = await follow(t, { port, token })
    const ended = new Promise((resolve) => stream.answer.once('close', resolve))
    await central.app.close()
    await ended
    t.equal(central.context.events.count(), 0)
  })
})
