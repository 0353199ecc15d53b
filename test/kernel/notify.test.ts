import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { loadAddon } from '#kernel/native.js'
import { openNotify } from '#kernel/notify.js'
import { until } from '../support/until.js'

const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(('\\0' + sys.argv[1][1:]) if sys.argv[1][0] == '@' else sys.argv[1])
print('ready', flush=True)
sys.stdout.write(s.recv(65536).decode())
`

for (const kind of ['a path', 'an abstract name'] as const) {
  t.test(`a datagram reaches a socket of another implementation at ${kind}`, async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'okeanid-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    const name = kind === 'a path' ? path.join(directory, 'notify') : `@okeanid-test-${process.pid}`
    const python = spawn('python3', ['-c', receiver, name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    python.stdout.on('data', (part) => {
      said += String(part)
    })
    await until('the receiver', () => (said.startsWith('ready') ? true : undefined))
    openNotify(name)('READY=1\nSTATUS=é')
    await new Promise((resolve) => python.on('close', resolve))
    t.equal(said, 'ready\nREADY=1\nSTATUS=é')
  })
}

t.test('without a service manager nothing is loaded or sent', async (t) => {
  t.doesNotThrow(() => openNotify(undefined)('READY=1'))
  t.doesNotThrow(() => openNotify('')('READY=1'))
})

const abuses: readonly { name: string; args: readonly unknown[]; error: object }[] = [
  { name: 'no arguments', args: [], error: { name: 'TypeError' } },
  { name: 'numbers', args: [1, 2], error: { name: 'TypeError' } },
  { name: 'an empty path', args: ['', 'x'], error: { name: 'RangeError' } },
  {
    name: 'a path that fits no socket address',
    args: ['/'.padEnd(108, 'x'), 'x'],
    error: { name: 'RangeError' },
  },
  {
    name: 'a socket that is not there',
    args: ['/nonexistent/s', 'x'],
    error: { code: 'ENOENT', errno: -2, syscall: 'sendto' },
  },
]

for (const c of abuses) {
  t.test(`throws for ${c.name}`, async (t) => {
    const { sendDatagram } = loadAddon()
    t.match(
      thrownBy(() => Reflect.apply(sendDatagram, undefined, c.args)),
      c.error,
    )
  })
}

t.test('leaves no descriptor behind, also when it fails', async (t) => {
  const { sendDatagram } = loadAddon()
  for (let i = 0; i < 5000; i++) {
    try {
      sendDatagram('/nonexistent/s', 'x')
    } catch {}
  }
  t.ok(
    existsSync('/proc/self/fd') &&
      (await import('node:fs')).readdirSync('/proc/self/fd').length < 200,
  )
})

t.test('works in worker threads', async (t) => {
  const addon = path.resolve('native/build/Release/okeanid.node')
  const script = `
    const { sendDatagram } = require(${JSON.stringify(addon)})
    try { sendDatagram('/nonexistent/s', 'x') } catch (error) { require('worker_threads').parentPort.postMessage(error.code) }`
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(script, { eval: true })
    t.equal(await new Promise((resolve) => worker.once('message', resolve)), 'ENOENT')
    await worker.terminate()
  }
})

function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}
