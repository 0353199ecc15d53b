import { spawnSync } from 'node:child_process'
import { chownSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { encodeMessage } from '#event/codec.js'
import { openOutbox } from '#outbox/outbox.js'
import { labUnavailable } from '../lab/command.js'
import { logged, openStage, type Stage, startAgent } from '../support/agent.js'

/** Runs the program as an operator does. */
function okeanid(stage: Stage, ...args: readonly string[]) {
  const argv = ['dist/agent/bin/okeanid.js', 'outbox', ...args, '-c', stage.configFile]
  const env = { PATH: process.env['PATH'] ?? '' }
  return spawnSync(process.execPath, argv, { encoding: 'utf8', env, input: '' })
}

function json(stage: Stage, ...args: readonly string[]) {
  const { stdout, stderr } = okeanid(stage, ...args, '--json')
  if (stderr !== '') throw new Error(stderr)
  return JSON.parse(stdout)
}

function message(number: number, subject: string, key = 'ganeti.snf.event.op'): Uint8Array {
  return encodeMessage({
    routingKey: key,
    messageId: `test.${number}`,
    timestampSeconds: 1_700_000_000,
    headers: { schema: 1, 'cloudEvents:subject': subject },
    body: JSON.stringify({ number }),
  })
}

/** A stage whose outbox has five messages, of which 2 and 3 are quarantined, and a damaged piece. */
async function openFilled(t: Test): Promise<{ readonly stage: Stage; readonly dir: string }> {
  const stage = openStage('amqp://127.0.0.1:1')
  t.teardown(() => stage[Symbol.asyncDispose]())
  const dir = path.join(stage.directory, 'state/events/outbox')
  await using outbox = await openOutbox({ dir })
  const messages = [1, 2, 3, 4].map((number) => message(number, number < 4 ? 'vm1' : 'vm2'))
  await outbox.append([...messages, message(5, 'job-7', 'ganeti.event.job')])
  await outbox.take({ maxCount: 3, maxBytes: 100_000 })
  await outbox.quarantine(2, 'refused 5 times while others were accepted')
  await outbox.quarantine(3, 'refused 5 times while others were accepted')
  outbox.ack(1)
  const piece = path.join(dir, 'quarantine/00000000000000000001-0000000042.damage')
  writeFileSync(piece, 'rotten')
  return { stage, dir }
}

const idsOf = (rows: readonly { readonly id: number | string }[]) => rows.map(({ id }) => id)

t.test('list: what waits, by routing key and subject, and the quarantine', async (t) => {
  const { stage, dir } = await openFilled(t)
  const all = json(stage, 'list')
  t.match(all, {
    directory: dir,
    waiting: {
      count: 2,
      counted: 2,
      routingKeys: { 'ganeti.snf.event.op': 1, 'ganeti.event.job': 1 },
      subjects: { vm2: 1, 'job-7': 1 },
      next: null,
    },
  })
  t.match(all.waiting.messages[0], { id: 4, subject: 'vm2', messageId: 'test.4' })
  t.strictSame(idsOf(all.waiting.messages), [4, 5])
  t.strictSame(idsOf(all.quarantine), ['00000000000000000001-0000000042.damage', 2, 3])
  const page = json(stage, 'list', '--limit', '1')
  t.strictSame([idsOf(page.waiting.messages), page.waiting.next], [[4], 4])
  const rest = json(stage, 'list', '--limit', '1', '--after', '4')
  t.strictSame([idsOf(rest.waiting.messages), rest.waiting.next], [[5], null])
  const ofKey = json(stage, 'list', '--routing-key', 'ganeti.event.job')
  t.strictSame(idsOf(ofKey.waiting.messages), [5])
  t.strictSame(idsOf(json(stage, 'list', '--subject', 'vm2').waiting.messages), [4])
  const { stdout } = okeanid(stage, 'list')
  t.match(stdout, /^waiting +2 messages .* the oldest for \d+ s, in /)
  t.match(stdout, /\n {2}2 .* vm1 {2}test\.2 {2}refused 5 times while others were accepted\n/)
})

t.test('show: headers and body, or the bytes', async (t) => {
  const { stage } = await openFilled(t)
  t.match(json(stage, 'show', '2'), {
    state: 'quarantined',
    reason: /refused 5 times/,
    routingKey: 'ganeti.snf.event.op',
    headers: { 'cloudEvents:subject': 'vm1' },
    body: { number: 2 },
  })
  t.match(json(stage, 'show', '5'), { state: 'waiting', messageId: 'test.5' })
  t.match(okeanid(stage, 'show', '5').stdout, /\nroutingKey +ganeti\.event\.job\n/)
  const piece = okeanid(stage, 'show', '00000000000000000001-0000000042.damage')
  t.match(piece.stdout, /\n00000000 {2}72 6f 74 74 65 6e +\|rotten\|\n/)
  const { status, stderr } = okeanid(stage, 'show', '99')
  t.equal(status, 1)
  t.match(stderr, /99: nothing of this id waits/)
})

const wrong: readonly { args: readonly string[]; status: number; says: RegExp }[] = [
  { args: ['retry'], status: 2, says: /say which messages/ },
  { args: ['retry', '2', '--all'], status: 2, says: /say which messages/ },
  { args: ['retry', 'x'], status: 1, says: /x: is no number of a message/ },
  { args: ['retry', '77'], status: 1, says: /not in the quarantine, or not whole: 0+77\.entry/ },
  { args: ['purge'], status: 2, says: /say what to throw away/ },
  { args: ['purge', '--all', '--quarantined'], status: 2, says: /say what to throw away/ },
  { args: ['purge', '--quarantined'], status: 2, says: /throws away 3 files.*say --yes/ },
  { args: ['purge', '--all'], status: 2, says: /3 files .* and about 2 messages.*say --yes/ },
  { args: ['list', '--limit', 'x'], status: 2, says: /wants a whole number/ },
]
t.test('what is asked wrongly is told, and nothing is done', async (t) => {
  const { stage } = await openFilled(t)
  for (const { args, status, says } of wrong) {
    const done = okeanid(stage, ...args)
    t.equal(done.status, status, args.join(' '))
    t.match(done.stderr, says)
  }
  t.equal(json(stage, 'list').quarantine.length, 3)
  t.equal(json(stage, 'list').waiting.count, 2)
})

t.test('where no role has ever run', async (t) => {
  await using stage = openStage('amqp://127.0.0.1:1')
  for (const args of [['list'], ['show', '1'], ['retry', '--all'], ['purge', '--all', '--yes']]) {
    const { status, stderr } = okeanid(stage, ...args)
    t.equal(status, 1)
    t.match(stderr, /^okeanid: there is no outbox .*\n$/)
  }
  t.notOk(readdirSync(stage.directory).includes('state'), 'and none was made')
})

t.test('retry and purge without a running agent', async (t) => {
  const { stage, dir } = await openFilled(t)
  t.strictSame(json(stage, 'retry', '3'), { retried: 1, unusable: [], problem: null })
  const { waiting } = json(stage, 'list')
  t.strictSame(idsOf(waiting.messages), [4, 5, 6])
  t.match(waiting.messages[2], { messageId: 'test.3' })
  t.strictSame(json(stage, 'purge', '--quarantined', '--yes'), { quarantined: 2, waiting: 0 })
  t.strictSame(json(stage, 'list').quarantine, [])
  t.strictSame(json(stage, 'purge', '--all', '--yes'), { quarantined: 0, waiting: 3 })
  await using outbox = await openOutbox({ dir })
  t.equal(outbox.stats().backlogCount, 0)
})

const isRoot = process.getuid?.() === 0
t.test(
  'what root does to an outbox of the role’s user stays that user’s',
  { skip: isRoot ? false : 'wants root' },
  async (t) => {
    const { stage, dir } = await openFilled(t)
    const all = [dir, path.join(dir, 'quarantine')].flatMap((folder) => [
      folder,
      ...readdirSync(folder).map((name) => path.join(folder, name)),
    ])
    for (const file of all) chownSync(file, 12_345, 12_345)
    t.match(json(stage, 'retry', '--all'), { retried: 2 })
    for (const name of readdirSync(dir)) t.equal(statSync(path.join(dir, name)).uid, 12_345, name)
  },
)

t.test('retry and purge while the agent runs', { skip: labUnavailable() ?? false }, async (t) => {
  const { stage } = await openFilled(t)
  await using agent = startAgent(stage)
  await logged(agent, /started/)
  t.match(json(stage, 'retry', '--all'), { retried: 2 })
  await logged(agent, /outbox-retried count=2/)
  const { waiting, quarantine } = json(stage, 'list')
  t.strictSame(
    waiting.messages.slice(0, 4).map(({ messageId }: { messageId: string }) => messageId),
    ['test.4', 'test.5', 'test.2', 'test.3'],
  )
  t.equal(quarantine.length, 1, 'the damaged piece stays')
  const purged = json(stage, 'purge', '--all', '--yes')
  t.equal(purged.quarantined, 1)
  t.ok(purged.waiting >= 4)
  await logged(agent, /outbox-discarded count=\d+/)
  t.equal(json(stage, 'list').quarantine.length, 0)
})
