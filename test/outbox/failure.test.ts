import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Disk } from '#outbox/disk.js'
import { openOutbox } from '#outbox/outbox.js'
import { fakeDisk } from './fake-disk.js'
import { bodies, body, segmentsIn, takeAll, texts } from './helpers.js'

const segment = '00000000000000000001.seg'

t.test(
  'an append is one write and one sync; those that wait meanwhile share the next',
  async (t) => {
    const { disk, count, hold } = fakeDisk()
    await using outbox = await openOutbox({ dir: t.testdir(), disk })
    await outbox.append(bodies(10))
    t.strictSame([count('write'), count('sync')], [1, 1])
    const release = hold('sync')
    const appends = bodies(20, 'later ').map((one) => outbox.append([one]))
    release()
    await Promise.all(appends)
    t.strictSame([count('write'), count('sync')], [3, 3], 'the first, and the other 19')
    t.equal((await takeAll(outbox)).length, 30)
  },
)

t.test('nothing is handed out before it is synced', async (t) => {
  const { disk, hold } = fakeDisk()
  await using outbox = await openOutbox({ dir: t.testdir(), disk })
  const release = hold('sync')
  const append = outbox.append([body('a')])
  t.strictSame(await takeAll(outbox), [])
  release()
  await append
  t.strictSame(texts(await takeAll(outbox)), ['a'])
})

t.test('the name of a new segment is synced before an append into it resolves', async (t) => {
  const { disk, count, hold } = fakeDisk()
  await using outbox = await openOutbox({ dir: t.testdir(), disk, segmentBytes: 30 })
  await outbox.append([body('a')])
  const before = count('syncDirectory')
  const release = hold('syncDirectory')
  let isDone = false
  const append = outbox.append([body('a body that does not fit')]).then(() => {
    isDone = true
  })
  t.strictSame(await takeAll(outbox).then(texts), ['a'])
  t.equal(isDone, false)
  release()
  await append
  t.equal(count('syncDirectory'), before + 1)
})

const failures: readonly { call: keyof Disk; code: string; says: RegExp }[] = [
  { call: 'write', code: 'ENOSPC', says: /the disk is full/ },
  { call: 'write', code: 'EIO', says: /the disk fails/ },
  { call: 'write', code: 'EROFS', says: /read-only/ },
  { call: 'sync', code: 'EIO', says: /the disk fails/ },
  { call: 'sync', code: 'ENOSPC', says: /the disk is full/ },
]
for (const { call, code, says } of failures) {
  t.test(`${code} in ${call}: nothing of the batch is left, the retry goes through`, async (t) => {
    const dir = t.testdir()
    const { disk, failNext } = fakeDisk()
    const outbox = await openOutbox({ dir, disk })
    await outbox.append([body('a')])
    failNext(call, code)
    await t.rejects(outbox.append(bodies(2)), { code: 'OUTBOX_WRITE', message: says })
    t.equal(statSync(join(dir, segment)).size, 25, 'cut off at once')
    t.match(outbox.stats(), {
      isWritable: false,
      backlogCount: 1,
      lastWriteError: { message: says },
    })
    t.strictSame(texts(await takeAll(outbox)), ['a'])
    await outbox.append(bodies(2))
    t.match(outbox.stats(), { isWritable: true, lastWriteError: undefined })
    await outbox.close()
    await using again = await openOutbox({ dir })
    t.strictSame(texts(await takeAll(again)), ['a', 'entry 1', 'entry 2'])
    t.equal(again.stats().damagedBytes, 0)
  })
}

t.test('what waits behind a failed batch fails with it, so that nothing overtakes', async (t) => {
  const { disk, failNext } = fakeDisk()
  await using outbox = await openOutbox({ dir: t.testdir(), disk })
  failNext('write', 'ENOSPC')
  const outcomes = await Promise.allSettled(bodies(3).map((one) => outbox.append([one])))
  t.strictSame(
    outcomes.map((outcome) => outcome.status),
    ['rejected', 'rejected', 'rejected'],
  )
  await outbox.append([body('retry')])
  t.strictSame(texts(await takeAll(outbox)), ['retry'])
})

t.test(
  'while the leftovers of a failure cannot be cut off nothing is written behind them',
  async (t) => {
    const { disk, count, failNext } = fakeDisk()
    await using outbox = await openOutbox({ dir: t.testdir(), disk })
    failNext('sync', 'EIO')
    failNext('truncate', 'EIO')
    failNext('truncate', 'EIO')
    await t.rejects(outbox.append([body('a')]), { code: 'OUTBOX_WRITE' })
    await t.rejects(outbox.append([body('a')]), { code: 'OUTBOX_WRITE' })
    t.equal(count('write'), 1)
    await outbox.append([body('b')])
    t.strictSame(texts(await takeAll(outbox)), ['b'])
  },
)

for (const call of ['open', 'syncDirectory'] as const) {
  t.test(`a segment that cannot be begun (${call}) is tried again`, async (t) => {
    const dir = t.testdir()
    const { disk, failNext } = fakeDisk()
    const outbox = await openOutbox({ dir, disk, segmentBytes: 30 })
    await outbox.append([body('a')])
    failNext(call, 'ENOSPC')
    await t.rejects(outbox.append(bodies(1)), { code: 'OUTBOX_WRITE' })
    await outbox.append(bodies(1))
    t.strictSame(segmentsIn(dir), [1, 2])
    await outbox.close()
    await using again = await openOutbox({ dir })
    t.strictSame(texts(await takeAll(again)), ['a', 'entry 1'])
  })
}

t.test('a quarantine that cannot be written leaves the entry where it is', async (t) => {
  const { disk, failNext } = fakeDisk()
  await using outbox = await openOutbox({ dir: t.testdir(), disk })
  await outbox.append(bodies(2))
  await takeAll(outbox)
  failNext('write', 'ENOSPC')
  await t.rejects(outbox.quarantine(1, 'bad'), { code: 'OUTBOX_WRITE' })
  t.match(outbox.stats(), { backlogCount: 2, quarantinedCount: 0 })
  outbox.rewind()
  t.strictSame(texts(await takeAll(outbox)), ['entry 1', 'entry 2'])
})

t.test('a cursor that cannot be written lags, and is written at the end', async (t) => {
  const dir = t.testdir()
  const { disk, count, failNext } = fakeDisk()
  const cursorPolicy = { everyMs: 1_000_000, everyCount: 1 }
  const outbox = await openOutbox({ dir, disk, cursorPolicy })
  await outbox.append(bodies(2))
  await takeAll(outbox)
  failNext('rename', 'ENOSPC')
  outbox.ack(1)
  await outbox.close()
  t.equal(count('rename'), 2)
  await using again = await openOutbox({ dir })
  t.strictSame(texts(await takeAll(again)), ['entry 2'])
})

t.test('a segment that cannot be deleted is deleted at the next start', async (t) => {
  const dir = t.testdir()
  const { disk, failNext } = fakeDisk()
  const outbox = await openOutbox({ dir, disk, segmentBytes: 40 })
  for (const one of bodies(3)) await outbox.append([one])
  failNext('unlink', 'EIO')
  for (const { sequence } of await takeAll(outbox)) outbox.ack(sequence)
  await outbox.close()
  t.strictSame(segmentsIn(dir), [1, 3])
  await (await openOutbox({ dir })).close()
  t.strictSame(segmentsIn(dir), [3])
})

t.test('a disk that cannot be read is told, and read again', async (t) => {
  const { disk, failNext } = fakeDisk()
  await using outbox = await openOutbox({ dir: t.testdir(), disk, hotBytes: 0 })
  await outbox.append(bodies(2))
  failNext('read', 'EIO')
  await t.rejects(takeAll(outbox), { code: 'EIO' })
  t.strictSame(texts(await takeAll(outbox)), ['entry 1', 'entry 2'])
})
