import net, { type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { openCentralApp, startMs } from '../../support/central-app.js'
import { image, seedCloud, small } from '../../support/cloud.js'

t.test('a console', async (t) => {
  const { ask, screen } = await running(t)

  t.test('is a WebSocket to the VNC server, bytes both ways', async (t) => {
    const socket = await open((await ask()) ?? '')
    t.equal(socket.protocol, 'binary')
    t.equal(await nextText(socket), 'RFB 003.008\n')
    socket.send(Buffer.from('RFB 003.008\n'))
    t.equal(await screen.heard(), 'RFB 003.008\n')
    socket.close()
    await screen.closed()
  })

  t.test('opens once', async (t) => {
    const url = (await ask()) ?? ''
    const first = await open(url)
    await t.rejects(open(url), /403/)
    first.terminate()
  })

  t.test('does not open for who guesses, nor elsewhere', async (t) => {
    const url = new URL((await ask()) ?? '')
    const elsewhere = new URL(url)
    elsewhere.pathname = '/servers'
    await t.rejects(open(elsewhere.href), /404/)
    url.searchParams.set('token', 'A'.repeat(43))
    await t.rejects(open(url.href), /403/)
    url.searchParams.delete('token')
    await t.rejects(open(url.href), /403/)
  })

  t.test('is for the owner of a server alone', async (t) => {
    t.equal(await ask('bob'), undefined)
  })
})

t.test('a console whose VNC server is not there is 502', async (t) => {
  const { ask, screen } = await running(t)
  await screen.stop()
  await t.rejects(open((await ask()) ?? ''), /502/)
})

t.test('a console whose browser goes before it is there lets go of the screen', async (t) => {
  const { promise: gone, resolve: goOn } = withResolvers()
  const { ask, screen } = await running(t, gone)
  const { hostname, port, pathname, search } = new URL((await ask()) ?? '')
  const browser = net.connect(Number(port), hostname)
  browser.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`,
  )
  await screen.sought()
  browser.resetAndDestroy()
  goOn()
  await screen.closed()
  t.pass('the connection to the VNC server has ended')
})

function withResolvers() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** A server that runs, and a VNC server, which is found as soon as `found` resolves. */
async function running(t: Test, found: Promise<void> = Promise.resolve()) {
  const screen = await openScreen(t)
  const central = await openCentralApp(t, {
    server: { public_url: '' },
    changes: {
      async findConsole() {
        screen.seek()
        await found
        return { host: '127.0.0.1', port: screen.port }
      },
    },
  })
  await central.store.write((tx) => seedCloud(tx, startMs))
  const ann = await central.enter('ann')
  const bob = await central.enter('bob')
  await central.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = central.app.server.address() as AddressInfo
  const call = async (token: string, path: string, body: object) => {
    const response = await fetch(`http://127.0.0.1:${port}/v2.1/servers${path}`, {
      method: 'POST',
      headers: { 'x-auth-token': token, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await response.json()) as { remote_console?: { url: string } }
  }
  const server = { name: 'x', flavorRef: small, imageRef: image, networks: 'none' }
  await call(ann.token, '', { server })
  await central.store.write((tx) =>
    tx.updateTable('servers').set({ power: 'STARTED', task: null }).execute(),
  )
  const ask = async (who: 'ann' | 'bob' = 'ann') => {
    const wanted = { remote_console: { protocol: 'vnc', type: 'novnc' } }
    const { token } = who === 'ann' ? ann : bob
    return (await call(token, '/1/remote-consoles', wanted)).remote_console?.url
  }
  return { ask, screen }
}

/** Something that greets as VNC servers do. */
async function openScreen(t: Test) {
  const heard: string[] = []
  const waiting: (() => void)[] = []
  let closedCount = 0
  let isSought = false
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  const server = net.createServer((socket) => {
    socket.write('RFB 003.008\n')
    socket.on('data', (bytes) => {
      heard.push(bytes.toString())
      wake()
    })
    socket.on('close', () => {
      closedCount += 1
      wake()
    })
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const change = () => new Promise<void>((resolve) => waiting.push(resolve))
  return {
    port,
    stop,
    seek() {
      isSought = true
      wake()
    },
    async sought() {
      while (!isSought) await change()
    },
    async heard() {
      while (heard.length === 0) await change()
      return heard.join('')
    },
    async closed() {
      while (closedCount === 0) await change()
    },
  }
}

/** Opens a console as noVNC does; what comes first is kept until somebody reads. */
function open(url: string): Promise<WebSocket & { first?: Buffer }> {
  return new Promise((resolve, reject) => {
    const socket: WebSocket & { first?: Buffer } = new WebSocket(url, ['binary'])
    socket.once('message', (bytes: Buffer) => {
      socket.first = bytes
      socket.emit('first')
    })
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })
}

async function nextText(socket: WebSocket & { first?: Buffer }): Promise<string> {
  if (socket.first === undefined) await new Promise((resolve) => socket.once('first', resolve))
  return socket.first?.toString() ?? ''
}
