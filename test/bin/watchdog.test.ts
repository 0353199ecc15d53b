import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { labUnavailable } from '../lab/command.js'
import { openStage, type Stage } from '../support/agent.js'
import { jobText } from '../support/job-text.js'
import { until } from '../support/until.js'

/** The service manager's end of NOTIFY_SOCKET: Node has no Unix datagrams. One line of JSON a datagram. */
const receiver = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('""', flush=True)
while True:
    print(json.dumps(s.recv(65536).decode()), flush=True)
`

/** Lines that a program has printed, growing. */
function linesOf(child: ChildProcess, stream: 'stdout' | 'stderr'): readonly string[] {
  const lines: string[] = []
  let rest = ''
  child[stream]?.on('data', (part) => {
    const parts = `${rest}${part}`.split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  return lines
}

interface Watched {
  /** What systemd was told so far. */
  readonly told: () => readonly string[]
  readonly log: readonly string[]
  /** Waits until systemd was told this once more. */
  next(what: RegExp): Promise<string>
}

/** The agent as systemd runs it, with a watchdog of one second. */
async function runWatched(t: Test, stage: Stage): Promise<Watched> {
  const socket = path.join(stage.directory, 'notify')
  const manager = spawn('python3', ['-c', receiver, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const datagrams = linesOf(manager, 'stdout')
  await until('the receiver', () => datagrams.length > 0 || undefined)
  const argv = ['dist/agent/bin/okeanid.js', 'agent', '--role', 'events', '-c', stage.configFile]
  const agent = spawn(process.execPath, argv, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' },
  })
  const log = linesOf(agent, 'stderr')
  t.teardown(async () => {
    agent.kill('SIGKILL')
    manager.kill()
    await stage[Symbol.asyncDispose]()
  })
  const told = () => datagrams.slice(1).map((line) => String(JSON.parse(line)))
  return {
    told,
    log,
    next(what) {
      const from = told().length
      return until(
        `${what}; it was told ${told().slice(-3).join('; ')}`,
        () =>
          told()
            .slice(from)
            .find((text) => what.test(text)),
        { deadlineMs: 60_000 },
      )
    },
  }
}

const skip = labUnavailable() ?? false

// each waits for seconds and does nothing
t.jobs = 5

t.test(
  'a broker that is away trips nothing: READY, then WATCHDOG with the status',
  { skip },
  async (t) => {
    const { next, told } = await runWatched(t, openStage('amqp://127.0.0.1:1'))
    t.match(
      await next(/^READY=1/),
      /^READY=1\nSTATUS=master \(n1\)/,
      'it knows that it is the master',
    )
    t.match(
      await next(/^WATCHDOG=1/),
      /^WATCHDOG=1\nSTATUS=master \(n1\), broker \w+, backlog \d+$/,
    )
    for (let count = 0; count < 12; count++) await next(/^WATCHDOG=1/)
    t.notOk(told().some((text) => /hangs/.test(text)))
  },
)

t.test('a broker that takes connections and is silent trips nothing', { skip }, async (t) => {
  const server = createServer((socket) => socket.on('error', () => undefined))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const { next, told } = await runWatched(t, openStage(`amqp://127.0.0.1:${port}`))
  for (let count = 0; count < 14; count++) await next(/^WATCHDOG=1/)
  t.notOk(told().some((text) => /hangs/.test(text)))
})

t.test('a full disk trips nothing, and the status says what waits', { skip }, async (t) => {
  const stage = openStage('amqp://127.0.0.1:1')
  const state = path.join(stage.directory, 'state')
  execFileSync('mkdir', [state])
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', state])
  const { next, told, log } = await runWatched(t, stage)
  t.teardown(() => execFileSync('umount', ['-l', state])) // before the stage goes
  await next(/^WATCHDOG=1/)
  try {
    writeFileSync(path.join(state, 'ballast'), Buffer.alloc(1_000_000))
  } catch {
    // it is full now
  }
  for (let id = 1; id < 20; id++) stage.write(id, jobText(id, 'success'))
  await until(
    'the refusal',
    () => log.some((line) => /outbox-not-writable/.test(line)) || undefined,
  )
  for (let count = 0; count < 14; count++) await next(/^WATCHDOG=1/)
  t.notOk(told().some((text) => /hangs/.test(text)))
})

t.test(
  'a read that never returns: WATCHDOG stops although the loop turns, and STATUS says why',
  { skip },
  async (t) => {
    const stage = openStage('amqp://127.0.0.1:1')
    const { next, told, log } = await runWatched(t, stage)
    await next(/^WATCHDOG=1/)
    // opening a pipe to which nobody writes waits for ever, as a read from a dead disk does
    const file = path.join(stage.directory, 'var/lib/ganeti/ssconf_master_node')
    rmSync(file)
    execFileSync('mkfifo', [`${file}.new`])
    renameSync(`${file}.new`, file)
    t.match(await next(/hangs/), /^STATUS=hangs: reading ssconf for \d+ s$/)
    const from = told().length
    await next(/hangs/)
    await next(/hangs/)
    t.notOk(
      told()
        .slice(from)
        .some((text) => /WATCHDOG/.test(text)),
    )
    t.equal(
      log.filter((line) => /^work-hangs what="reading ssconf/.test(line)).length,
      1,
      'told once',
    )
  },
)

t.test(
  'READY waits for the first look: not before it is known whether this node is the master',
  { skip },
  async (t) => {
    const stage = openStage('amqp://127.0.0.1:1')
    const file = path.join(stage.directory, 'var/lib/ganeti/ssconf_master_node')
    rmSync(file)
    execFileSync('mkfifo', [file])
    const { next, told } = await runWatched(t, stage)
    await next(/^WATCHDOG=1/)
    await next(/^WATCHDOG=1/)
    t.notOk(told().some((text) => /READY/.test(text)))
    writeFileSync(file, 'n1\n') // whoever reads the pipe gets this
    t.match(await next(/READY/), /^READY=1/)
  },
)
