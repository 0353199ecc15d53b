import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openOutbox } from '#outbox/outbox.js'
import { listQuarantine, readQuarantined, removeQuarantined } from '#outbox/quarantine.js'
import { fakeDisk } from './fake-disk.js'
import { bodies, body, segmentsIn, takeAll, texts } from './helpers.js'

const never = new AbortController().signal
const all = { maxCount: 1000, maxBytes: 1024 * 1024 }

t.test('hands out what was appended, in order', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await outbox.append([body('a'), body('b')])
  await outbox.append([body('c')])
  t.strictSame(texts(await outbox.take(all)), ['a', 'b', 'c'])
  t.strictSame(await outbox.take(all), [], 'and each only once')
})

t.test('creates its directory for its own user only, whatever the umask', async (t) => {
  const dir = join(t.testdir(), 'var/lib/okeanid/outbox')
  const umask = process.umask(0)
  t.teardown(() => process.umask(umask))
  await using outbox = await openOutbox({ dir })
  await outbox.append([body('a')])
  const modes = [dir, join(dir, '00000000000000000001.seg'), join(dir, 'quarantine')].map(
    (path) => statSync(path).mode & 0o777,
  )
  t.strictSame(modes, [0o700, 0o600, 0o700])
})

const limits = [
  { name: 'a count', limit: { maxCount: 2, maxBytes: 1000 }, expected: ['aaaa', 'bbbb'] },
  { name: 'bytes', limit: { maxCount: 9, maxBytes: 9 }, expected: ['aaaa', 'bbbb'] },
  {
    name: 'fewer bytes than one entry has',
    limit: { maxCount: 9, maxBytes: 1 },
    expected: ['aaaa'],
  },
]
for (const c of limits) {
  for (const hotBytes of [0, 1_000_000]) {
    t.test(`take keeps to ${c.name}, from ${hotBytes ? 'memory' : 'disk'}`, async (t) => {
      await using outbox = await openOutbox({ dir: t.testdir(), hotBytes })
      await outbox.append([body('aaaa'), body('bbbb'), body('cccc')])
      t.strictSame(texts(await outbox.take(c.limit)), c.expected)
      t.equal((await outbox.take(all)).length, 3 - c.expected.length, 'the rest comes next')
    })
  }
}

t.test('a reader that keeps up never reads the disk', async (t) => {
  const { disk, count } = fakeDisk()
  await using outbox = await openOutbox({ dir: t.testdir(), disk })
  const before = count('read')
  for (const one of bodies(50)) {
    await outbox.append([one])
    const [entry] = await outbox.take(all)
    if (entry) outbox.ack(entry.sequence)
  }
  t.equal(count('read'), before)
  t.equal(outbox.stats().ackedCount, 50)
})

t.test('a reader that lags reads slices, and memory once it has caught up', async (t) => {
  const { disk, count } = fakeDisk()
  const big = Array.from({ length: 100 }, () => Buffer.alloc(20_000, 'x'))
  await using outbox = await openOutbox({
    dir: t.testdir(),
    disk,
    hotBytes: 100_000,
    segmentBytes: 1e6,
  })
  await outbox.append(big)
  t.equal((await takeAll(outbox)).length, 100)
  const slices = count('read')
  t.ok(slices > 5 && slices < 15, `2 MB in ${slices} slices of 256 KiB`)
  await outbox.append([body('new')])
  t.strictSame(texts(await outbox.take(all)), ['new'])
  t.equal(count('read'), slices)
})

t.test('an entry longer than a slice is read whole', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir(), hotBytes: 0 })
  const long = Buffer.alloc(3_000_000, 'long ')
  await outbox.append([body('a'), long, body('b')])
  const entries = await takeAll(outbox)
  t.strictSame(
    entries.map((entry) => entry.body.length),
    [1, 3_000_000, 1],
  )
  t.ok(long.equals(entries[1]?.body ?? body('')))
})

t.test('acknowledged out of order, only the prefix counts after a restart', async (t) => {
  const dir = t.testdir()
  const outbox = await openOutbox({ dir })
  await outbox.append(bodies(5))
  await outbox.take(all)
  for (const sequence of [4, 1, 2, 4]) outbox.ack(sequence)
  t.match(outbox.stats(), { backlogCount: 2, ackedCount: 3 })
  await outbox.close()
  await using again = await openOutbox({ dir })
  t.strictSame(texts(await again.take(all)), ['entry 3', 'entry 4', 'entry 5'])
})

for (const hotBytes of [0, 1_000_000]) {
  const where = hotBytes ? 'memory' : 'disk'
  t.test(
    `rewind hands out again what is not acknowledged, and nothing else (${where})`,
    async (t) => {
      await using outbox = await openOutbox({ dir: t.testdir(), hotBytes, segmentBytes: 100 })
      await outbox.append(bodies(5))
      await outbox.take(all)
      for (const sequence of [1, 3]) outbox.ack(sequence)
      outbox.rewind()
      t.strictSame(texts(await outbox.take(all)), ['entry 2', 'entry 4', 'entry 5'])
      await outbox.append([body('new')])
      t.strictSame(texts(await outbox.take(all)), ['new'])
    },
  )
}

t.test('segments roll over and are deleted when all in them is acknowledged', async (t) => {
  const dir = t.testdir()
  const outbox = await openOutbox({ dir, segmentBytes: 100 })
  for (const one of bodies(9)) await outbox.append([one])
  t.strictSame(segmentsIn(dir), [1, 4, 7])
  const entries = await outbox.take(all)
  for (const { sequence } of entries.slice(3)) outbox.ack(sequence)
  t.strictSame(segmentsIn(dir), [1, 4, 7], 'the first one holds the cursor')
  for (const { sequence } of entries.slice(0, 3)) outbox.ack(sequence)
  await outbox.close()
  t.strictSame(segmentsIn(dir), [7], 'the last one stays: its name is the next number')
  await using again = await openOutbox({ dir, segmentBytes: 100 })
  await again.append([body('next')])
  t.strictSame(
    (await again.take(all)).map((entry) => entry.sequence),
    [10],
  )
})

t.test('poison goes to the quarantine with its reason and comes back from there', async (t) => {
  const dir = t.testdir()
  const outbox = await openOutbox({ dir, nowMs: () => 1234 })
  await outbox.append(bodies(3))
  const [first, second] = await outbox.take(all)
  await outbox.quarantine(second?.sequence ?? 0, 'not JSON')
  outbox.ack(first?.sequence ?? 0)
  t.match(outbox.stats(), { backlogCount: 1, quarantinedCount: 1, ackedCount: 1 })
  await outbox.close()
  await using again = await openOutbox({ dir })
  t.strictSame(texts(await again.take(all)), ['entry 3'])
  const [file] = await listQuarantine(dir)
  const entry = await readQuarantined(dir, file?.name ?? '')
  t.match(entry, { sequence: 2, appendedMs: 1234, reason: 'not JSON' })
  t.equal(Buffer.from(entry?.body ?? []).toString(), 'entry 2')
  await removeQuarantined(dir, file?.name ?? '')
  t.strictSame(await listQuarantine(dir), [])
})

t.test('a poisonous entry that is no longer in memory is read from its segment', async (t) => {
  const dir = t.testdir()
  await using outbox = await openOutbox({ dir, hotBytes: 0 })
  await outbox.append(bodies(3))
  await outbox.take(all)
  await outbox.quarantine(2, 'bad')
  const entry = await readQuarantined(dir, '00000000000000000002.entry')
  t.equal(Buffer.from(entry?.body ?? []).toString(), 'entry 2')
})

t.test(
  'wait resolves at once, at the next append and after a rewind; the signal cuts it',
  async (t) => {
    await using outbox = await openOutbox({ dir: t.testdir() })
    const first = outbox.wait(never)
    await outbox.append([body('a')])
    await first
    await outbox.wait(never)
    await outbox.take(all)
    const second = outbox.wait(never)
    outbox.rewind()
    await second
    await outbox.take(all)
    const cut = new AbortController()
    const third = outbox.wait(cut.signal)
    cut.abort(new Error('enough'))
    await t.rejects(third, new Error('enough'))
  },
)

t.test('stats tell the backlog in entries and bytes and how old it is', async (t) => {
  let nowMs = 1000
  await using outbox = await openOutbox({ dir: t.testdir(), nowMs: () => nowMs })
  t.match(outbox.stats(), { backlogCount: 0, backlogBytes: 0, isWritable: true })
  t.equal(outbox.stats().oldestMs, undefined)
  await outbox.append([body('1234')])
  nowMs = 2000
  await outbox.append([body('12345678')])
  t.match(outbox.stats(), { backlogCount: 2, backlogBytes: 60, appendedCount: 2, oldestMs: 1000 })
  await outbox.take(all)
  outbox.ack(1)
  t.match(outbox.stats(), { backlogCount: 1, backlogBytes: 32, oldestMs: 2000 })
})

t.test('stats know the age of a backlog that nobody has read, also after a restart', async (t) => {
  const dir = t.testdir()
  let nowMs = 1000
  const outbox = await openOutbox({ dir, nowMs: () => nowMs, hotBytes: 0, segmentBytes: 50 })
  for (const one of bodies(4)) {
    await outbox.append([one])
    nowMs += 1000
  }
  t.equal(outbox.stats().oldestMs, 1000)
  await outbox.take({ maxCount: 2, maxBytes: 1000 })
  outbox.ack(1)
  t.equal(outbox.stats().oldestMs, 2000)
  await outbox.close()
  await using again = await openOutbox({ dir })
  t.equal(again.stats().oldestMs, 2000)
})

t.test('the cursor is written every so many acknowledgements, and when closed', async (t) => {
  const dir = t.testdir()
  const { disk, count } = fakeDisk()
  const cursorPolicy = { everyMs: 1_000_000, everyCount: 10 }
  const outbox = await openOutbox({ dir, disk, cursorPolicy })
  await outbox.append(bodies(15))
  await outbox.take(all)
  for (let sequence = 1; sequence < 10; sequence += 1) outbox.ack(sequence)
  t.equal(existsSync(join(dir, 'cursor')), false)
  for (let sequence = 10; sequence <= 15; sequence += 1) outbox.ack(sequence)
  await outbox.close()
  t.equal(count('rename'), 2)
  t.match(readFileSync(join(dir, 'cursor'), 'utf8'), /^\{"sequence":16,/)
})

t.test(
  'one entry that is never acknowledged does not make the memory of the others grow',
  async (t) => {
    await using outbox = await openOutbox({ dir: t.testdir() })
    await outbox.append(bodies(70_000))
    const entries = await takeAll(outbox)
    for (const { sequence } of entries.slice(1)) outbox.ack(sequence)
    t.equal(entries.length, 65_536)
    const woken = outbox.wait(never)
    outbox.ack(1)
    await woken
    t.equal((await takeAll(outbox)).length, 70_000 - 65_536)
  },
)

t.test('close finishes what was accepted and refuses the rest', async (t) => {
  const dir = t.testdir()
  const outbox = await openOutbox({ dir })
  const waiting = outbox.wait(never)
  await outbox.append([body('a')])
  await waiting
  await outbox.take(all)
  const idle = t.rejects(outbox.wait(never), { code: 'OUTBOX_CLOSED' })
  const accepted = outbox.append([body('b')])
  const closed = outbox.close()
  t.equal(outbox.close(), closed, 'twice is once')
  await t.rejects(outbox.append([body('c')]), { code: 'OUTBOX_CLOSED' })
  await accepted
  await closed
  await t.rejects(outbox.take(all), { code: 'OUTBOX_CLOSED' })
  await idle
})

t.test('refuses an entry that no broker would take', async (t) => {
  await using outbox = await openOutbox({ dir: t.testdir() })
  await t.rejects(outbox.append([new Uint8Array(16 * 1024 * 1024 + 1)]), RangeError)
  t.equal(outbox.stats().isWritable, true)
})
