import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openOutbox } from '#outbox/outbox.js'
import { listQuarantine } from '#outbox/quarantine.js'
import { fakeDisk } from './fake-disk.js'
import { bodies, body, segmentsIn, takeAll, texts } from './helpers.js'

const all = { maxCount: 1000, maxBytes: 1024 * 1024 }
const firstSegment = '00000000000000000001.seg'

/** An outbox directory with these entries, closed, and the path of its first segment. */
async function written(t: Test, count: number, segmentBytes = 1_000_000) {
  const dir = t.testdir()
  const outbox = await openOutbox({ dir, segmentBytes })
  for (const one of bodies(count)) await outbox.append([one])
  await outbox.close()
  return { dir, path: join(dir, firstSegment) }
}

function flip(path: string, at: number) {
  const bytes = readFileSync(path)
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at)
  writeFileSync(path, bytes)
}

function quarantined(dir: string): readonly string[] {
  return readdirSync(join(dir, 'quarantine')).map((name) => {
    const { size } = statSync(join(dir, 'quarantine', name))
    return `${name} ${size}`
  })
}

// A record of these has 24 + 7 bytes.
const tails: readonly { name: string; hurt: (path: string) => void; kept: number; torn: number }[] =
  [
    { name: 'half a body', hurt: (path) => truncateSync(path, 90), kept: 2, torn: 28 },
    { name: 'half a header', hurt: (path) => truncateSync(path, 70), kept: 2, torn: 8 },
    { name: 'one byte', hurt: (path) => truncateSync(path, 63), kept: 2, torn: 1 },
    {
      name: 'zeros',
      hurt: (path) => appendFileSync(path, Buffer.alloc(4096)),
      kept: 3,
      torn: 4096,
    },
    { name: 'text', hurt: (path) => appendFileSync(path, 'garbage'), kept: 3, torn: 7 },
    { name: 'a rotten last record', hurt: (path) => flip(path, 92), kept: 2, torn: 31 },
  ]
for (const c of tails) {
  t.test(`cuts off a torn tail, keeps its bytes and goes on behind it: ${c.name}`, async (t) => {
    const { dir, path } = await written(t, 3)
    c.hurt(path)
    await using outbox = await openOutbox({ dir })
    t.equal(outbox.stats().damagedBytes, c.torn)
    t.equal(statSync(path).size, c.kept * 31)
    t.strictSame(quarantined(dir), [
      `00000000000000000001-${String(c.kept * 31).padStart(10, '0')}.damage ${c.torn}`,
    ])
    await outbox.append([body('new')])
    const expected = ['entry 1', 'entry 2', 'entry 3'].slice(0, c.kept)
    t.strictSame(texts(await outbox.take(all)), [...expected, 'new'])
  })
}

t.test('goes on behind rotten bytes in the middle, and counts what they cost', async (t) => {
  const { dir, path } = await written(t, 5)
  flip(path, 31 + 25)
  flip(path, 62 + 3)
  const outbox = await openOutbox({ dir })
  const entries = await outbox.take(all)
  t.strictSame(texts(entries), ['entry 1', 'entry 4', 'entry 5'])
  t.match(outbox.stats(), { quarantinedCount: 2, damagedBytes: 62, backlogCount: 3 })
  t.strictSame(quarantined(dir), ['00000000000000000001-0000000031.damage 62'])
  outbox.rewind()
  t.strictSame(texts(await outbox.take(all)), ['entry 1', 'entry 4', 'entry 5'])
  t.match(outbox.stats(), { quarantinedCount: 2, damagedBytes: 62 }, 'met twice, counted once')
  for (const { sequence } of entries) outbox.ack(sequence)
  t.equal(outbox.stats().backlogCount, 0)
  await outbox.close()
  await using again = await openOutbox({ dir })
  t.strictSame(await takeAll(again), [])
})

t.test('a disk too full for a copy of rotten bytes does not stop the rest', async (t) => {
  const { dir, path } = await written(t, 3)
  flip(path, 31 + 25)
  const { disk, failNext } = fakeDisk()
  await using outbox = await openOutbox({ dir, disk })
  failNext('write', 'ENOSPC')
  t.strictSame(texts(await outbox.take(all)), ['entry 1', 'entry 3'])
  t.equal(outbox.stats().damagedBytes, 31)
  t.strictSame(await listQuarantine(dir), [], 'half a copy is no copy')
})

t.test('damage at the end of a segment that is not the last one', async (t) => {
  const { dir, path } = await written(t, 7, 100)
  t.strictSame(segmentsIn(dir), [1, 4, 7])
  truncateSync(path, 70)
  await using outbox = await openOutbox({ dir })
  const entries = await takeAll(outbox)
  t.strictSame(
    entries.map((entry) => entry.sequence),
    [1, 2, 4, 5, 6, 7],
  )
  for (const { sequence } of entries) outbox.ack(sequence)
  t.match(outbox.stats(), { backlogCount: 0, quarantinedCount: 1, damagedBytes: 8 })
})

t.test('a segment that is gone or empty costs its entries, not the others', async (t) => {
  const { dir } = await written(t, 13, 100)
  t.strictSame(segmentsIn(dir), [1, 4, 7, 10, 13])
  await using outbox = await openOutbox({ dir })
  rmSync(join(dir, '00000000000000000004.seg'))
  truncateSync(join(dir, '00000000000000000007.seg'))
  const entries = await takeAll(outbox)
  t.strictSame(
    entries.map((entry) => entry.sequence),
    [1, 2, 3, 10, 11, 12, 13],
  )
  t.equal(outbox.stats().quarantinedCount, 6)
  for (const { sequence } of entries) outbox.ack(sequence)
  t.equal(outbox.stats().backlogCount, 0)
})

t.test('numbers are never used twice, not even when the newest segment was removed', async (t) => {
  const dir = t.testdir()
  const outbox = await openOutbox({ dir })
  await outbox.append(bodies(5))
  for (const { sequence } of await outbox.take(all)) outbox.ack(sequence)
  await outbox.close()
  rmSync(join(dir, firstSegment))
  await using again = await openOutbox({ dir })
  await again.append([body('new')])
  t.strictSame(
    (await again.take(all)).map((entry) => entry.sequence),
    [6],
  )
})

t.test(
  'a segment shorter than its cursor: what is appended next is not taken for sent',
  async (t) => {
    const { dir, path } = await written(t, 5)
    const outbox = await openOutbox({ dir })
    for (const { sequence } of await outbox.take(all)) outbox.ack(sequence)
    await outbox.close()
    truncateSync(path, 62)
    await using again = await openOutbox({ dir })
    t.equal(again.stats().backlogCount, 0)
    await again.append([body('new')])
    const entries = await again.take(all)
    t.strictSame(texts(entries), ['new'])
    again.ack(entries[0]?.sequence ?? 0)
    t.equal(again.stats().backlogCount, 0)
  },
)

const cursors = [
  { name: 'missing', text: undefined },
  { name: 'empty', text: '' },
  { name: 'torn', text: '{"sequence":3,"segm' },
  { name: 'not JSON', text: '\0\0\0\0\0\0' },
  { name: 'of another shape', text: '{"sequence":"3"}\n' },
  { name: 'older than the oldest segment', text: '{"sequence":0,"segment":0,"offset":7}\n' },
]
for (const c of cursors) {
  t.test(`a cursor that is ${c.name} sends again, it loses nothing`, async (t) => {
    const { dir } = await written(t, 3)
    if (c.text !== undefined) writeFileSync(join(dir, 'cursor'), c.text)
    await using outbox = await openOutbox({ dir })
    t.strictSame(texts(await outbox.take(all)), ['entry 1', 'entry 2', 'entry 3'])
  })
}

t.test('a cursor with a useless offset still skips what is acknowledged', async (t) => {
  const { dir } = await written(t, 4)
  writeFileSync(join(dir, 'cursor'), '{"sequence":3,"segment":99,"offset":5}\n')
  await using outbox = await openOutbox({ dir })
  t.strictSame(texts(await outbox.take(all)), ['entry 3', 'entry 4'])
})

t.test('what a crash left of a new segment and of a cursor is no harm', async (t) => {
  const { dir } = await written(t, 3)
  writeFileSync(join(dir, '00000000000000000004.seg'), '')
  writeFileSync(join(dir, 'cursor.new'), '{"seq')
  writeFileSync(join(dir, 'unrelated.txt'), 'a note of the admin')
  await using outbox = await openOutbox({ dir })
  await outbox.append([body('new')])
  t.strictSame(texts(await outbox.take(all)), ['entry 1', 'entry 2', 'entry 3', 'new'])
})

t.test(
  'a long backlog opens by names: only the last segment and no other body is read',
  async (t) => {
    const dir = t.testdir()
    const outbox = await openOutbox({ dir, segmentBytes: 1_000_000 })
    const batch = Array.from({ length: 10_000 }, (_, index) => body(`event ${index}`.padEnd(200)))
    for (let round = 0; round < 20; round += 1) await outbox.append(batch)
    await outbox.close()
    const { disk, bytesRead } = fakeDisk()
    await using again = await openOutbox({ dir, disk, segmentBytes: 1_000_000 })
    t.equal(again.stats().backlogCount, 200_000)
    const last = `${String(segmentsIn(dir).at(-1)).padStart(20, '0')}.seg`
    // A record that is cut by the end of a slice is read again with the next one.
    const atMost = statSync(join(dir, last)).size * 1.01
    t.ok(bytesRead() <= atMost, `${bytesRead()} of ${again.stats().backlogBytes} bytes read`)
    t.equal((await again.take({ maxCount: 256, maxBytes: 1e6 })).length, 256)
    t.ok(bytesRead() <= atMost + 256 * 1024, 'the first window is one slice')
  },
)
