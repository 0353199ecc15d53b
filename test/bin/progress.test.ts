import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import t from 'tap'

interface Run {
  readonly status: number | null
  readonly stderr: string
}

/** Runs `okeanid progress` as snf-image does: in a pipe. */
async function progress(args: readonly string[], input: string | Buffer): Promise<Run> {
  const child = spawn(process.execPath, ['dist/agent/bin/okeanid.js', 'progress', ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '' },
  })
  child.stdin.end(input)
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { stderr: await textOf(child.stderr), status: await ended }
}

/** What was left in the spool, in order. */
function spooled(spool: string): readonly Record<string, unknown>[] {
  return readdirSync(spool)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(path.join(spool, name), 'utf8')).said)
}

t.test(
  'good objects are left for the events role in order, bad ones told, and it ends well',
  async (t) => {
    const spool = t.testdir()
    const input =
      'noise {"type":"image-copy-progress","progress":1}{"type":"image-copy-progress","progress":2.5}\n' +
      '{"type":"image-copy-progress","progress":100}{"type":"image-helper",}\n{"type":"nonsense"}\n' +
      '{"type":"image-error","messages":["disk too small \u2603"],"stderr":"a  b"}{"type":'
    const { status, stderr } = await progress(['--spool', spool, 'snf-42'], input)
    t.equal(status, 0)
    t.strictSame(spooled(spool), [
      { type: 'image-copy-progress', progress: 1 },
      { type: 'image-copy-progress', progress: 100 },
      { type: 'image-error', messages: ['disk too small \u2603'], stderr: 'a  b' },
    ])
    t.match(
      stderr,
      /^\[MONITOR\] \{"type":"image-copy-progress","progress":2\.5,"event_time":\[\d+,\d+\],"instance":"snf-42"\}$/m,
    )
    for (const why of [
      'is no JSON object: "noise"',
      'is not JSON',
      'type is none of',
      'is cut off',
    ])
      t.match(stderr, new RegExp(`^\\[MONITOR\\] passed over, ${why}`, 'm'))
  },
)

t.test(
  'the place comes from the configuration; a broken one is told and breaks nothing',
  async (t) => {
    const directory = t.testdir()
    const config = path.join(directory, 'okeanid.ini')
    const spool = path.join(directory, 'spool/progress')
    mkdirSync(spool, { recursive: true })
    writeFileSync(config, `[agent]\nstate_directory = ${directory}\n`)
    t.equal((await progress(['-c', config, 'vm1'], '{"type":"image-info"}')).status, 0)
    t.strictSame(spooled(spool), [{ type: 'image-info' }])
    writeFileSync(config, 'bogus = 1\n')
    const { status, stderr } = await progress(['-c', config, 'vm1'], '{"type":"image-info"}')
    t.equal(status, 0)
    t.match(stderr, /bogus.*is used/)
  },
)

t.test(
  'without a spool, and with a flood, input is read to its end and the exit code is 0',
  async (t) => {
    const gone = path.join(t.testdir(), 'gone')
    const flood = '{"type":"image-info","messages":["x"]}\n'.repeat(20_000)
    const { status, stderr } = await progress(['--spool', gone, 'vm1'], flood)
    t.equal(status, 0)
    t.match(stderr, /gone is not there \(systemd-tmpfiles makes it\)/)
    t.match(stderr, /too many messages: \d+ were dropped/)
  },
)

t.test(
  'wrong calls end with 2 and say how it is called, or 1 for a name that is none',
  async (t) => {
    t.match(await progress([], ''), { status: 2, stderr: /missing required argument 'instance'/ })
    t.match(await progress(['a', 'b'], ''), { status: 2 })
    t.match(await progress(['../x'], ''), { status: 1, stderr: /no name of an instance/ })
  },
)
