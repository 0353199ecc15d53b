import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { askRunState } from '#kernel/qmp-status.js'
import { until } from '../support/until.js'

/** Lines of QEMU 10.0 (Debian 13), which Ganeti 3.1 started, but for the status; events come as they happen, before an answer too. */
const greeting =
  '{"QMP": {"version": {"qemu": {"micro": 13, "minor": 0, "major": 10}, "package": "Debian 1:10.0.13+ds-0+deb13u1"}, "capabilities": ["oob"]}}\r\n'
const agreed = '{"return": {}}\r\n'
const event = '{"timestamp": {"seconds": 1796142223, "microseconds": 169503}, "event": "STOP"}\r\n'
const answer = '{"return": {"status": "io-error", "running": false}, "id": "okeanid"}\r\n'

async function serve(t: Test, serveClient: (client: Socket) => void): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'qmp-')) // a socket's path must be short
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'socket')
  const server = createServer((client) => {
    client.on('error', () => undefined)
    serveClient(client)
  })
  await new Promise<void>((resolve) => server.listen(file, resolve))
  t.teardown(() => server.close())
  return file
}

t.test('a QEMU that answers, an event between, in pieces', async (t) => {
  const file = await serve(t, (client) => {
    client.write(greeting)
    client.once('data', () => {
      const text = agreed + event + answer
      client.write(text.slice(0, 200))
      setTimeout(() => client.write(text.slice(200)), 20)
    })
  })
  t.equal(await askRunState(file), 'io-error')
})

t.test('it waits for the greeting, and lets go when it has the answer', async (t) => {
  let said = ''
  let letGo = (): void => undefined
  const gone = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const file = await serve(t, (client) => {
    client.on('data', (part) => {
      said += String(part)
      client.write(agreed + answer)
    })
    client.on('close', letGo)
    setTimeout(() => {
      t.equal(said, '')
      client.write(greeting)
    }, 50)
  })
  t.equal(await askRunState(file), 'io-error')
  await gone
})

t.test('one that serves somebody is not even called', async (t) => {
  let count = 0
  const file = await serve(t, (client) => {
    count++
    client.write(greeting)
    client.on('data', () => client.write(agreed + answer))
  })
  const ganeti = connect(file)
  await once(ganeti, 'data')
  t.equal(await askRunState(file), undefined)
  t.equal(count, 1)
  ganeti.destroy()
  t.equal(await until('its answer', () => askRunState(file)), 'io-error')
})

t.test('one that says nothing, or nonsense, or too much, or is not there', async (t) => {
  t.equal(await askRunState(await serve(t, () => undefined)), undefined)
  t.equal(await askRunState(await serve(t, (client) => client.end('hello'))), undefined)
  const flood = await serve(t, (client) => {
    const more = (): void => {
      if (!client.destroyed && client.write('x'.repeat(8192))) setImmediate(more)
    }
    client.on('drain', more)
    more()
  })
  t.equal(await askRunState(flood), undefined)
  t.equal(await askRunState(path.join(t.testdir(), 'nothing')), undefined)
})
