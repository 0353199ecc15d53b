import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { makeAuthority } from '../../support/certificates.js'
import { centre, command, program } from './centre.js'

t.test(
  'an administrator makes everything that a client needs, and the service serves it',
  async (t) => {
    const { folder, file, run } = centre(t)
    const made = await run(['init', '--user', 'root'], 'correct horse\n')
    t.equal(made.code, 0, made.error)
    t.match(made.out, /export OS_USERNAME=root /)
    t.notMatch(made.out, /correct horse/)
    t.equal(statSync(`${folder}/state/secret.key`).mode & 0o777, 0o600)
    t.equal(statSync(`${folder}/state/central.db`).mode & 0o077, 0, 'nobody else reads the store')
    const steps: readonly (readonly string[])[] = [
      ['project', 'add', 'ocean', '--json'],
      ['user', 'grant', 'root', 'ocean', '--role', 'admin'],
      ['flavor', 'add', 'small', '--vcpus', '1', '--ram', '512', '--disk', '2'],
      ['image', 'add', 'debian', '--os', 'debootstrap+default', '--osparam', 'a=b'],
      ['network', 'add', 'public', '--flavor', 'CUSTOM', '--floating', '--subnet', '192.0.2.0/28'],
      ['pool', 'reserve', '3', '192.0.2.3'],
      ['quota', 'set', 'ocean', 'servers=3'],
      ['migrate', '--json'],
    ]
    for (const step of steps) {
      const { code, error } = await run(step)
      t.equal(code, 0, `${step.slice(0, 2).join(' ')} ${error}`)
    }
    const service = spawn(process.execPath, [program, 'serve', '-c', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    t.teardown(() => service.kill('SIGKILL'))
    const lines = createInterface({ input: service.stderr })[Symbol.asyncIterator]()
    const started = String((await lines.next()).value)
    const port = /^started .* port=(\d+) tls=false$/.exec(started)?.[1]
    t.ok(port, started)
    const late = await run(['user', 'add', 'ann', '--project', 'ocean'], 'a password of hers')
    t.equal(late.code, 0, 'a command beside the service')
    const login = {
      auth: {
        identity: {
          methods: ['password'],
          password: {
            user: { name: 'ann', domain: { id: 'default' }, password: 'a password of hers' },
          },
        },
        scope: { project: { name: 'ocean', domain: { id: 'default' } } },
      },
    }
    const base = `http://127.0.0.1:${port}`
    const entered = await fetch(`${base}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(login),
    })
    t.equal(entered.status, 201)
    const headers = { 'x-auth-token': entered.headers.get('x-subject-token') ?? '' }
    const networks = await fetch(`${base}/network/v2.0/networks?name=public`, { headers })
    t.match(await networks.json(), { networks: [{ id: '1', 'router:external': true }] })
    const events = fetch(`${base}/events`, { headers }).then((answer) => answer.text())
    t.equal((await fetch(`${base}/healthz`)).status, 200)
    service.kill('SIGTERM')
    t.strictSame(
      await once(service, 'exit'),
      [0, null],
      'it stops when it is told, followers or not',
    )
    await events.catch(() => undefined) // how the connection ended is not asked here
    t.match(String((await lines.next()).value), /^stopped/)
  },
)

t.test('lists, for people and for machines', async (t) => {
  const { run } = centre(t)
  for (const noun of ['project', 'user', 'cluster', 'flavor', 'image', 'network']) {
    const none = await run([noun, 'list'])
    t.match(none.out, /^no \w+: okeanid-central /, `${noun}: what to do when there is none`)
    t.strictSame(JSON.parse((await run([noun, 'list', '--json'])).out), [])
  }
  const pools = JSON.parse((await run(['pool', 'list', '--json'])).out)
  t.match(pools, [
    { kind: 'mac-prefix', size: 16_383, used: 0 },
    { kind: 'bridge', size: 20 },
  ])
})

const faulty: readonly (readonly [readonly string[], number, RegExp])[] = [
  [['nothing'], 2, /unknown command/],
  [['flavor', 'add', 'x'], 2, /required option '--vcpus/],
  [
    ['flavor', 'add', 'x', '--vcpus', '0', '--ram', '1', '--disk', '1'],
    2,
    /--vcpus wants a whole number, 1/,
  ],
  [['user', 'add', 'x'], 2, /password of x: is empty/],
  [['user', 'add', 'x', '--password', 'p'], 2, /unknown option '--password'/],
  [['user', 'password', 'x'], 2, /no user x: okeanid-central user list/],
  [['project', 'add', 'x', '-c', '/nonexistent.ini'], 78, /nonexistent.ini: there is no such file/],
  [['network', 'remove', '9'], 1, /there is no network 9/],
  [['quota', 'set', 'x', 'servers=many'], 2, /no project x/],
  [['image', 'add', 'x', '--os', 'é'], 2, /printable ASCII/],
  [
    ['cluster', 'add', 'x', '--rapi', 'http://h', '--ca', '/dev/null'],
    2,
    /password of okeanid: is empty/,
  ],
]
t.test('what is wrong is said, with its exit code', async (t) => {
  const { run } = centre(t)
  for (const [args, code, says] of faulty) {
    const ended = args.includes('-c') ? await command(args) : await run(args)
    t.equal(ended.code, code, args.join(' '))
    t.match(ended.error, says)
    t.notMatch(ended.error, /\n {4}at /, 'no stack')
  }
})

t.test('a cluster that does not answer is not taken in, unless it is not asked', async (t) => {
  const { folder, run } = centre(t)
  const { caFile } = makeAuthority(path.join(folder, 'authority'))
  const secret = path.join(folder, 'rapi.password')
  writeFileSync(secret, 'rapi secret\n')
  const add = ['cluster', 'add', 'gnt.example.org', '--rapi', 'https://127.0.0.1:1', '--ca', caFile]
  const refused = await run([...add, '--password-file', secret])
  t.equal(refused.code, 1)
  t.match(refused.error, /127\.0\.0\.1:1/)
  t.equal((await run([...add, '--password-file', secret, '--no-check'])).code, 0)
  const shown = await run(['cluster', 'show', 'gnt.example.org', '--json'])
  t.match(JSON.parse(shown.out), { id: 0, state: 'never asked', rapi: 'https://127.0.0.1:1' })
  t.notMatch(shown.out, /rapi secret/)
  const store = readFileSync(`${folder}/state/central.db`).toString('latin1')
  t.notMatch(store, /rapi secret/, 'sealed in the store')
  t.equal((await run(['cluster', 'modify', '0', '--drained'])).code, 0)
  t.match((await run(['cluster', 'list'])).out, /gnt\.example\.org +drained/)
  t.equal((await run(['cluster', 'remove', '0'])).code, 0)
})

t.test('without its key a store is not served as if nothing had happened', async (t) => {
  const { folder, run } = centre(t)
  await run(['project', 'list'])
  writeFileSync(`${folder}/state/secret.key`, 'short\n')
  const ended = await run(['project', 'list'])
  t.equal(ended.code, 78)
  t.match(ended.error, /secret\.key: is shorter than 16 characters/)
})
