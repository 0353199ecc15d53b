import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { RapiRequest } from '#central/intent/rapi-request.js'
import { openRapiClient, type RapiOptions } from '#central/rapi/rapi-client.js'
import { RapiError } from '#central/rapi/rapi-error.js'
import { makeAuthority } from '../../support/certificates.js'
import { fixturePath } from '../../support/fixture.js'
import { ownFolder } from '../../support/own-folder.js'
import { startRapiServer } from '../../support/rapi-server.js'
import { readRecording } from './recording.js'

const authority = makeAuthority(path.join(ownFolder(t), 'authority'))
const cluster = authority.sign('cluster.lab.example')
const get: RapiRequest = { method: 'GET', path: '/2/info' }
const put: RapiRequest = { method: 'PUT', path: '/2/instances/a/startup', body: {} }

/** The certificate itself is trusted, whatever the name in it: as Ganeti's own ones are. */
function client(t: Test, urls: readonly string[], more: Partial<RapiOptions> = {}) {
  const opened = openRapiClient({ urls, user: 'u', password: 'p', ca: cluster.cert, ...more })
  t.teardown(() => opened.close())
  return opened
}

async function server(t: Test, ...given: Parameters<typeof startRapiServer>) {
  const started = await startRapiServer(...given)
  t.teardown(() => started.close())
  return started
}

t.test('recorded answers of Ganeti 3.0.2', async (t) => {
  for (const name of readdirSync(fixturePath('rapi')).sort()) {
    const recorded = readRecording(readFileSync(fixturePath('rapi', name), 'utf8'))
    const { request } = recorded
    if (request === undefined) continue
    t.test(`${name} is read as it was meant, and sent as it was accepted`, async (t) => {
      const serving = await server(t, cluster, (_request, response) => {
        response.writeHead(recorded.status, { 'Content-Type': 'application/json' })
        response.end(recorded.answer)
      })
      const calling = client(t, [serving.url]).call(request)
      if (recorded.status === 200) t.same(await calling, JSON.parse(recorded.answer))
      else {
        const error = await calling.catch((error: unknown) => error)
        t.match(error, { code: 'RAPI_REFUSED', status: recorded.status })
        t.notMatch((error as Error).message, /&#?\w+;/, 'no HTML')
      }
      const [sent] = serving.requests
      const type = request.body === undefined ? undefined : 'application/json'
      t.equal(sent?.target, recorded.target)
      t.equal(sent?.headers['content-type'], type)
      t.equal(sent?.headers['transfer-encoding'], undefined)
      t.equal(sent?.headers.connection, 'close')
      t.same(JSON.parse(sent?.body.toString() || 'null'), request.body ?? null)
    })
  }
})

t.test('the master is followed: who does not answer is not asked first again', async (t) => {
  const dead = await deadUrl()
  const serving = await server(t, cluster, (_request, response) => void response.end('7'))
  const calling = client(t, [dead, serving.url])
  t.equal(await calling.call(put), 7)
  t.equal(await calling.call(put), 7)
  t.equal(serving.requests.length, 2)
})

t.test('a node that is master no longer is left, without doing anything twice', async (t) => {
  const former = await server(t, cluster, (_request, response) => {
    response.writeHead(502).end('{"code": 502, "message": "Can&#x27;t connect to master daemon"}')
  })
  const master = await server(t, cluster, (_request, response) => void response.end('8'))
  const calling = client(t, [former.url, master.url])
  await t.rejects(calling.call(put), { code: 'RAPI_REFUSED', mayBeDone: true, status: 502 })
  t.equal(master.requests.length, 0)
  t.equal(await calling.call(put), 8)
  t.equal(await client(t, [former.url, master.url]).call(get), 8, 'reading goes on by itself')
})

t.test('no more connections than allowed at once, and all calls have their turn', async (t) => {
  const answers: (() => void)[] = []
  const serving = await server(t, cluster, (_request, response) => {
    answers.push(() => void response.end('1'))
    if (answers.length === 3) for (const answer of answers.splice(0)) answer()
  })
  const calling = client(t, [serving.url], { connectionCount: 3 })
  await Promise.all(Array.from({ length: 12 }, () => calling.call(get)))
  t.equal(serving.requests.length, 12)
  t.ok(serving.peak() <= 3, `${serving.peak()} at once`)
})

t.test('a call that waits its turn ends with its signal', async (t) => {
  const serving = await server(t, cluster, () => {})
  const calling = client(t, [serving.url], { connectionCount: 1 })
  const first = calling.call(get).catch((error: unknown) => error)
  const stop = new AbortController()
  const second = calling.call(get, { signal: stop.signal })
  stop.abort(new Error('enough'))
  await t.rejects(second, { code: 'RAPI_UNREACHABLE', mayBeDone: false, message: /enough/ })
  const third = calling.call(put, { queueMs: 10 })
  await t.rejects(third, { code: 'RAPI_UNREACHABLE', mayBeDone: false, message: /no turn/ })
  await calling.close()
  t.match(await first, { code: 'RAPI_UNREACHABLE' })
})

t.test('abuse', async (t) => {
  t.test('an answer that does not come in time', async (t) => {
    const serving = await server(t, cluster, () => {})
    const calling = client(t, [serving.url], { timeoutMs: 100 })
    await t.rejects(calling.call(put), { code: 'RAPI_UNREACHABLE', mayBeDone: true })
    await t.rejects(calling.call(get), { code: 'RAPI_UNREACHABLE', mayBeDone: false })
  })
  t.test('an answer that is cut short', async (t) => {
    const serving = await server(t, cluster, (_request, response) => {
      response.writeHead(200, { 'Content-Length': '10' })
      response.write('12')
      response.socket?.end()
    })
    const calling = client(t, [serving.url]).call(put)
    await t.rejects(calling, { code: 'RAPI_UNREACHABLE', mayBeDone: true })
  })
  t.test('an answer that is no JSON', async (t) => {
    const serving = await server(t, cluster, (_request, response) => void response.end('<html>'))
    const calling = client(t, [serving.url]).call(put)
    await t.rejects(calling, { code: 'RAPI_UNREACHABLE', mayBeDone: true })
  })
  t.test('an answer without end', async (t) => {
    const chunk = Buffer.alloc(1 << 20, 0x20)
    const serving = await server(t, cluster, (_request, response) => {
      const pour = () => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', pour)
      response.on('error', () => {})
      pour()
    })
    const calling = client(t, [serving.url], { maxReplyBytes: 8 << 20 }).call(get)
    await t.rejects(calling, { code: 'RAPI_UNREACHABLE', message: /more than/ })
  })
  t.test('something else than TLS', async (t) => {
    const plain = createServer((socket) => {
      socket.on('error', () => {})
      socket.end('HTTP/1.1 200 OK\r\n\r\n1')
    })
    const calling = client(t, [await listen(t, plain)]).call(put)
    await t.rejects(calling, { code: 'RAPI_UNREACHABLE', mayBeDone: false })
  })
  t.test('a connection on which nothing is said', async (t) => {
    const silent = createServer((socket) => void t.teardown(() => socket.destroy()))
    const url = await listen(t, silent)
    const calling = client(t, [url], { connectTimeoutMs: 100 }).call(put)
    const expected = { code: 'RAPI_UNREACHABLE', mayBeDone: false, message: /not connected/ }
    await t.rejects(calling, expected)
  })
  t.test('more than ASCII never leaves', async (t) => {
    const serving = await server(t, cluster, (_request, response) => void response.end('1'))
    const tagged: RapiRequest = { ...put, body: { tags: ['café'] } }
    await t.rejects(client(t, [serving.url]).call(tagged), { message: /printable ASCII/ })
    t.equal(serving.requests.length, 0)
  })
})

t.test('certificates', async (t) => {
  const serve = (t: Test, certificate: typeof cluster) =>
    server(t, certificate, (_request, response) => void response.end('1'))
  t.test('another one than the pinned one is not spoken to', async (t) => {
    const other = await serve(t, authority.sign('cluster.lab.example'))
    const calling = client(t, [other.url]).call(put)
    await t.rejects(calling, { code: 'RAPI_UNREACHABLE', mayBeDone: false })
    t.equal(other.requests.length, 0, 'nor is the password told')
  })
  t.test('of an authority’s ones, only one for the host that is called', async (t) => {
    const right = await serve(t, authority.sign('localhost'))
    const wrong = await serve(t, authority.sign('elsewhere.example'))
    const { ca } = authority
    const byName = (url: string) => url.replace('127.0.0.1', 'localhost')
    t.equal(await client(t, [byName(right.url)], { ca }).call(put), 1)
    await t.rejects(client(t, [byName(wrong.url)], { ca }).call(put), {
      code: 'RAPI_UNREACHABLE',
      mayBeDone: false,
    })
  })
  t.test('one that has expired is not spoken to', async (t) => {
    const old = authority.sign('cluster.lab.example', -1)
    const serving = await serve(t, old)
    await t.rejects(client(t, [serving.url], { ca: old.cert }).call(put), {
      code: 'RAPI_UNREACHABLE',
      mayBeDone: false,
    })
  })
})

t.test('a queue that is drained took nothing', async (t) => {
  const serving = await server(t, cluster, (_request, response) => {
    response.writeHead(500).end('{"code": 500, "message": "Queue drained"}')
  })
  const error = await client(t, [serving.url])
    .call(put)
    .catch((error: unknown) => error)
  t.type(error, RapiError)
  t.match(error, { status: 500, mayBeDone: false, message: /Queue drained/ })
})

async function listen(t: Test, server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Of a port that somebody just had. */
async function deadUrl(): Promise<string> {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  await new Promise((resolve) => taken.close(resolve))
  return `https://127.0.0.1:${port}`
}
