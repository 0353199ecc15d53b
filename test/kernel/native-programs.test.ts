import { closeSync, openSync } from 'node:fs'
import t from 'tap'
import { loadAddon } from '#kernel/native.js'
import { inOwnNetwork } from '../support/own-network.js'

/** Programs and questions without the event loop; no abuse from JavaScript may crash the process. */
inOwnNetwork(import.meta.url, () => {
  const { askNetlink, runProgram } = loadAddon()
  const sh = (script: string, changes: object = {}) =>
    Reflect.apply(runProgram, undefined, [
      {
        program: '/bin/sh',
        args: ['-c', script],
        env: ['PATH=/usr/bin:/bin', 'NAME=ünïcode'],
        input: '',
        timeoutMs: 30_000,
        maxOutputBytes: 1 << 20,
        ...changes,
      },
    ])

  t.test('a program gets its input and variables, and both outputs come back', async (t) => {
    const input = 'x'.repeat(300_000)
    t.same(sh('cat; echo "$NAME $HOME" >&2; exit 7', { input }), {
      code: 7,
      stdout: input,
      stderr: 'ünïcode \n',
    })
    t.equal(sh('head -c 3 /dev/stdin', { input: 'abcdef' }).stdout, 'abc')
  })

  t.test('a signal is no status; output beyond the limit is passed over', async (t) => {
    t.equal(sh('kill -9 $$').code, -1)
    t.same(sh('head -c 1000000 /dev/zero', { maxOutputBytes: 10 }).stdout.length, 10)
  })

  // glibc keeps 32 and 33 for itself
  t.test('signals are as they are by default', async (t) => {
    t.match(
      sh('grep -E "Sig(Blk|Ign)" /proc/self/status').stdout,
      /SigBlk:\t0+\nSigIgn:\t0+(?:180000000)?\n/,
    )
  })

  t.test('what hangs is ended; what it leaves behind is not waited for', async (t) => {
    t.throws(() => sh('sleep 600', { timeoutMs: 100 }), { code: 'ETIMEDOUT' })
    t.match(sh('sleep 600 & echo $!').stdout, /^\d+\n$/)
  })

  t.test('what cannot be run says so', async (t) => {
    t.throws(() => sh('', { program: '/nonexistent' }), { code: 'ENOENT', syscall: 'posix_spawn' })
    t.throws(() => sh('', { program: '/etc/passwd' }), { code: 'EACCES' })
  })

  t.test('options that are none are refused', async (t) => {
    for (const key of ['program', 'input', 'args', 'env', 'timeoutMs', 'maxOutputBytes'])
      for (const value of [undefined, null, {}, Symbol('x'), 1n])
        t.throws(() => sh('', { [key]: value }), { name: 'TypeError' })
    for (const change of [
      { program: 'a\0b' },
      { args: ['\0'] },
      { timeoutMs: 0 },
      { timeoutMs: 1.5 },
    ])
      t.throws(() => sh('', change), { name: 'RangeError' })
    t.throws(() => sh('', { args: [1] }), { name: 'TypeError' })
    const ask = (options: object) => () => Reflect.apply(askNetlink, undefined, [options])
    const request = new Uint8Array(16)
    for (const protocol of [-1, 13, 0.5])
      t.throws(ask({ protocol, request }), { name: 'RangeError' })
    for (const value of [undefined, 'x', [1], new Uint16Array(9), new ArrayBuffer(16)])
      t.throws(ask({ protocol: 0, request: value }), { name: 'TypeError' })
    for (const bytes of [0, 15, (64 << 20) + 1])
      t.throws(ask({ protocol: 0, request: new Uint8Array(bytes) }), { name: 'RangeError' })
  })

  t.test('what the kernel does not take for a message is refused or not answered', async (t) => {
    const message = (type: number, length: number) => {
      const bytes = new Uint8Array(20)
      new Uint32Array(bytes.buffer).set([length, type | (5 << 16)])
      return bytes
    }
    const ask = (request: Uint8Array) => () => askNetlink({ protocol: 0, request })
    t.throws(ask(message(9999, 20)), { code: 'ENOTSUP' })
    t.throws(ask(message(16, 20)), { code: 'EINVAL' })
    t.throws(ask(message(16, 4)), { code: 'ETIMEDOUT' })
  })

  t.test('nothing is kept: a thousand programs and questions', async (t) => {
    const links = new Uint8Array(32)
    new Uint32Array(links.buffer).set([32, 18 | (0x301 << 16)])
    for (let count = 0; count < 1000; count++) askNetlink({ protocol: 0, request: links })
    t.ok(askNetlink({ protocol: 0, request: links }).length > 100)
    for (let count = 0; count < 50; count++) sh(':')
    const file = openSync('/dev/null', 'r')
    closeSync(file)
    t.ok(file < 200, `the next descriptor is ${file}`)
  })
})
