import { pbkdf2 } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { askStatusSocket, followStatusSocket, openStatusSocket } from '#service/status-socket.js'
import { until } from '../support/until.js'

/** A short path: a socket's name has at most 107 bytes. */
function socketPath(t: Test): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'okeanid-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  return path.join(directory, 'events-role', 's')
}

const routes = { '/status': { contentType: 'application/json', read: () => '{"a":1}' } }

t.test('answers, to its own user only', async (t) => {
  const file = socketPath(t)
  const socket = await openStatusSocket(file, routes)
  t.equal(await askStatusSocket(file, '/status'), '{"a":1}')
  t.match(await askStatusSocket(file, '/constructor'), 'there is nothing here')
  t.equal(statSync(file).mode & 0o777, 0o600)
  await socket.close()
})

t.test('nobody is answered before the caller has gone on', async (t) => {
  const file = socketPath(t)
  let answer: string | undefined
  const read = () => answer ?? t.fail('asked too early')
  // every call of the disk waits for these, so that who asks at once comes while the socket is made
  let isBusy = true
  const keepBusy = (): void => {
    if (isBusy) pbkdf2('', '', 50_000, 64, 'sha512', keepBusy)
  }
  for (let chain = 0; chain < 8; chain += 1) keepBusy()
  const asking = until('an answer', () => askStatusSocket(file, '/status').catch(() => undefined), {
    everyMs: 1,
  })
  const socket = await openStatusSocket(file, {
    '/status': { contentType: 'text/plain', read: () => String(read()) },
  })
  answer = 'ready'
  isBusy = false
  t.equal(await asking, 'ready')
  await socket.close()
})

t.test('a second agent is refused while the first one answers', async (t) => {
  const file = socketPath(t)
  const socket = await openStatusSocket(file, routes)
  await t.rejects(openStatusSocket(file, routes), { code: 'SOCKET_TAKEN' })
  await socket.close()
})

t.test('the socket of a process that was killed is replaced', async (t) => {
  const file = socketPath(t)
  mkdirSync(path.dirname(file))
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(file, resolve))
  const { execFileSync } = await import('node:child_process')
  await new Promise((resolve) => dead.close(resolve))
  // a listening socket whose process was killed leaves its file behind
  const script = `require('net').createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, 'SIGKILL'))`
  t.throws(() => execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' }))
  const socket = await openStatusSocket(file, routes)
  t.equal(await askStatusSocket(file, '/status'), '{"a":1}')
  await socket.close()
})

t.test('says what to do when no agent runs', async (t) => {
  await t.rejects(askStatusSocket(socketPath(t), '/status'), {
    code: 'AGENT_NOT_RUNNING',
    message: /nobody answers \(ENOENT\); start the agent: systemctl start okeanid-agent$/,
  })
})

t.test(
  'lines are followed until the reader goes, and left out for one that is behind',
  async (t) => {
    const file = socketPath(t)
    let tell: (line: string) => boolean = () => false
    let asked: string | null = ''
    const ended = new Promise<void>((resolve) => {
      void openStatusSocket(file, {
        '/trace': {
          contentType: 'text/plain',
          follow(query, write) {
            asked = query.get('nic')
            tell = write
            write('first')
            return resolve
          },
        },
      }).then((socket) => t.teardown(() => socket.close()))
    })
    await until('the socket', () => (existsSync(file) ? true : undefined))
    const stop = new AbortController()
    const lines = followStatusSocket(file, '/trace?nic=tap0', stop.signal)
    t.strictSame((await lines.next()).value, 'first')
    t.equal(asked, 'tap0')
    tell('second')
    t.strictSame((await lines.next()).value, 'second')
    let written = 0
    while (tell('x'.repeat(10_000))) written++
    t.ok(
      written > 10 && written < 1000,
      'a reader that does not read costs a bounded amount of memory',
    )
    stop.abort()
    t.strictSame((await lines.next()).done, true)
    await ended
  },
)

t.test('a path that is too long for a socket is refused, not cut', async (t) => {
  await t.rejects(openStatusSocket(`/tmp/${'x'.repeat(120)}/events.sock`, {}), {
    code: 'CONFIG_INVALID',
  })
})

t.test('a folder that cannot be made is told with the setting that names it', async (t) => {
  await t.rejects(openStatusSocket('/dev/null/x/status.sock', {}), {
    code: 'CONFIG_INVALID',
    message: /runtime_directory: \/dev\/null\/x cannot be written \(ENOTDIR\)/,
  })
})
