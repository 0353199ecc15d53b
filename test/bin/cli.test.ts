import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'

/** Runs the program as a user does. */
function okeanid(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['dist/agent/bin/okeanid.js', ...args],
    {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '' },
    },
  )
  return { status, stdout, stderr }
}

const commands: readonly (readonly string[])[] = [
  [],
  ['agent'],
  ['status'],
  ['events'],
  ['events', 'tail'],
  ['events', 'replay'],
  ['events', 'schema'],
  ['progress'],
  ['hooks', 'log'],
  ['hooks', 'dns'],
  ['hooks', 'announce'],
  ['hooks', 'scripts'],
  ['hooks', 'scripts', 'enable'],
  ['outbox'],
  ['outbox', 'list'],
  ['outbox', 'show'],
  ['outbox', 'retry'],
  ['outbox', 'purge'],
  ['config'],
  ['config', 'check'],
  ['config', 'show'],
]

for (const command of commands) {
  t.test(`okeanid ${command.join(' ')} has --help`, async (t) => {
    const { status, stdout } = okeanid(...command, '--help')
    t.equal(status, 0)
    t.match(stdout, new RegExp(`^Usage: okeanid ?${command.join(' ')}`))
  })
}

const failures: readonly { args: readonly string[]; status: number; says: RegExp; what: string }[] =
  [
    { what: 'an unknown command', args: ['bogus'], status: 2, says: /unknown command 'bogus'/ },
    {
      what: 'an unknown option',
      args: ['status', '--bogus'],
      status: 2,
      says: /unknown option '--bogus'/,
    },
    {
      what: 'a role that does not exist',
      args: ['agent', '--role', 'x'],
      status: 2,
      says: /Allowed choices are events/,
    },
    {
      what: 'a missing argument',
      args: ['events', 'replay'],
      status: 2,
      says: /missing required argument 'dir'/,
    },
    {
      what: 'a folder that is not there',
      args: ['events', 'replay', '/nonexistent'],
      status: 1,
      says: /\/nonexistent: cannot be listed \(ENOENT\)/,
    },
    {
      what: 'a folder without job files',
      args: ['events', 'replay', 'docs'],
      status: 1,
      says: /docs: there are no job files/,
    },
    {
      what: 'a configuration that is not there',
      args: ['config', 'check', '-c', '/nonexistent.ini'],
      status: 78,
      says: /there is no such file/,
    },
  ]

for (const c of failures) {
  t.test(`${c.what} ends with ${c.status} and a sentence`, async (t) => {
    const { status, stdout, stderr } = okeanid(...c.args)
    t.equal(status, c.status)
    t.match(stderr, c.says)
    t.notMatch(stderr, /\n {4}at /, 'no stack')
    t.equal(stdout, '')
  })
}

t.test('config check names every fault, also as JSON', async (t) => {
  const file = path.join(t.testdir(), 'okeanid.ini')
  writeFileSync(file, '[events]\nrescan = 10\n[nonsense]\na = b\n')
  const human = okeanid('config', 'check', '-c', file)
  t.equal(human.status, 78)
  t.match(
    human.stderr,
    /\[events\] rescan: wants a number with a unit.*\n.*\[nonsense\] a: there is no such section/,
  )
  const { ok, faults } = JSON.parse(okeanid('config', 'check', '--json', '-c', file).stdout)
  t.equal(ok, false)
  t.equal(faults.length, 2)
})

t.test('config show masks the password and tells where a value comes from', async (t) => {
  const file = path.join(t.testdir(), 'okeanid.ini')
  writeFileSync(file, '[broker]\nurl = amqp://me:sekrit@h/\n')
  for (const format of [[], ['--json']]) {
    const { stdout, status } = okeanid('config', 'show', '-c', file, ...format)
    t.equal(status, 0)
    t.notMatch(stdout, /sekrit/)
    t.ok(stdout.includes(file))
  }
})

t.test('status says what to do when no agent runs', async (t) => {
  const file = path.join(t.testdir(), 'okeanid.ini')
  // a short path: sockets have no room for a long one
  writeFileSync(file, '[agent]\nruntime_directory = /nonexistent\n')
  const { status, stderr } = okeanid('status', '-c', file)
  t.equal(status, 1)
  t.match(stderr, /nobody answers \(ENOENT\); start the agent: systemctl start okeanid-agent/)
})

t.test('replay prints one JSON line a message, with every digit of a big integer', async (t) => {
  const folder = t.testdir()
  const recorded = readFileSync('test/fixtures/jobs/create-fake/0002-job-23.json', 'utf8')
  writeFileSync(
    path.join(folder, '0001-job-23.json'),
    recorded.replace('"disks":[]', '"disks":[{"size":9007199254740993}]'),
  )
  writeFileSync(path.join(folder, '0002-job-24.json'), 'broken')
  writeFileSync(path.join(folder, 'README.md'), 'no job')
  const { status, stdout, stderr } = okeanid('events', 'replay', folder)
  t.equal(status, 0)
  const lines = stdout.trim().split('\n')
  t.strictSame(
    lines.map((line) => Object.keys(JSON.parse(line))),
    lines.map(() => ['routingKey', 'messageId', 'headers', 'body']),
  )
  t.match(stdout, /"size":9007199254740993[,}]/)
  t.match(stderr, /job-file-damaged file=0002-job-24\.json why="no JSON from byte 0 on"/)
})

t.test('a reader that goes away ends the program quietly', async (t) => {
  const script = `${process.execPath} dist/agent/bin/okeanid.js events replay test/fixtures/jobs/many-create | head -n 1`
  const { status, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
  t.equal(status, 0)
  t.equal(stderr, '')
})

for (const command of ['show', 'remove'])
  t.test(
    `okeanid queueing ${command} by others than root is refused, not told that there is nothing`,
    async (t) => {
      // a user namespace without mapping: the same files can be read, but nobody is root in it
      const isRoot = process.geteuid?.() === 0
      const program = [process.execPath, 'dist/agent/bin/okeanid.js', 'queueing', command]
      const [file = '', ...args] = isRoot ? ['unshare', '--user', ...program] : program
      const { status, stdout, stderr } = spawnSync(file, args, {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] ?? '' },
      })
      t.equal(status, 1)
      t.equal(stdout, '')
      t.match(stderr, /run it as root/)
    },
  )
