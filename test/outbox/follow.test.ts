import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type FollowOptions, followOutbox } from '#outbox/follow.js'
import { openOutbox } from '#outbox/outbox.js'
import { fakeDisk } from './fake-disk.js'
import { bodies, body, segmentsIn, takeAll } from './helpers.js'

const firstSegment = '00000000000000000001.seg'

/** A follower whose next bodies can be asked for one by one; it is stopped at the end of the test. */
function following(
  t: { teardown(end: () => unknown): void },
  options: Omit<FollowOptions, 'signal'>,
) {
  const stop = new AbortController()
  const found = followOutbox({ pollMs: 1_000_000, ...options, signal: stop.signal })
  t.teardown(() => {
    stop.abort()
    return found.return()
  })
  return {
    stop,
    async next(count: number): Promise<readonly string[]> {
      const texts: string[] = []
      while (texts.length < count) {
        const { value, done } = await found.next()
        if (done) break
        texts.push(Buffer.from(value).toString())
      }
      return texts
    },
  }
}

t.test('from the start: what is on disk, then what is appended, across segments', async (t) => {
  const dir = t.testdir()
  await using outbox = await openOutbox({ dir, segmentBytes: 100 })
  for (const one of bodies(5)) await outbox.append([one])
  const { next } = following(t, { dir, fromStart: true })
  t.strictSame(await next(5), ['entry 1', 'entry 2', 'entry 3', 'entry 4', 'entry 5'])
  for (let round = 0; round < 10; round += 1) {
    const asked = next(2)
    for (const one of bodies(2, `round ${round} `)) await outbox.append([one])
    t.strictSame(await asked, [`round ${round} 1`, `round ${round} 2`])
  }
  t.ok(segmentsIn(dir).length > 5)
})

t.test('from now on: only what is appended after it looked', async (t) => {
  const dir = t.testdir()
  await using outbox = await openOutbox({ dir, segmentBytes: 100 })
  for (const one of bodies(5)) await outbox.append([one])
  const { disk, count } = fakeDisk()
  const { next } = following(t, { dir, disk })
  const asked = next(1)
  // It asks how long the newest segment is: to go to the end, to see that this was the end, and then to read on.
  while (count('size') < 3) await new Promise(setImmediate)
  await outbox.append([body('new')])
  t.strictSame(await asked, ['new'])
})

t.test('a slow reader finishes a segment that was deleted under it', async (t) => {
  const dir = t.testdir()
  await using outbox = await openOutbox({ dir, segmentBytes: 100 })
  for (const one of bodies(5)) await outbox.append([one])
  const { next } = following(t, { dir, fromStart: true })
  t.strictSame(await next(1), ['entry 1'])
  for (const { sequence } of await takeAll(outbox)) outbox.ack(sequence)
  await outbox.append([body('last')])
  t.strictSame(await next(5), ['entry 2', 'entry 3', 'entry 4', 'entry 5', 'last'])
})

t.test('waits for the rest of a record that is being written', async (t) => {
  const dir = t.testdir()
  const outbox = await openOutbox({ dir })
  await outbox.append(bodies(2))
  await outbox.close()
  const path = join(dir, firstSegment)
  const bytes = readFileSync(path)
  truncateSync(path, 50)
  const { next } = following(t, { dir, fromStart: true })
  t.strictSame(await next(1), ['entry 1'])
  const asked = next(1)
  appendFileSync(path, bytes.subarray(50, 60))
  appendFileSync(path, bytes.subarray(60))
  t.strictSame(await asked, ['entry 2'])
})

t.test('goes over damage, and over an append that was taken back', async (t) => {
  const dir = t.testdir()
  const outbox = await openOutbox({ dir })
  await outbox.append(bodies(3))
  await outbox.close()
  const path = join(dir, firstSegment)
  const bytes = readFileSync(path)
  bytes.writeUInt8(0, 31)
  writeFileSync(path, bytes)
  const { disk, count } = fakeDisk()
  const { next } = following(t, { dir, disk, fromStart: true, pollMs: 1 })
  t.strictSame(await next(2), ['entry 1', 'entry 3'])
  const asked = next(1)
  truncateSync(path, 62)
  const looked = count('size')
  while (count('size') < looked + 2) await new Promise(setImmediate)
  appendFileSync(path, bytes.subarray(62))
  t.strictSame(await asked, ['entry 3'])
})

t.test('looks by itself when inotify says nothing', async (t) => {
  const dir = t.testdir()
  const { disk } = fakeDisk()
  let looks = 0
  const blind = { ...disk, list: () => Promise.resolve(looks++ < 3 ? [] : [firstSegment]) }
  const { next } = following(t, { dir, disk: blind, pollMs: 1, fromStart: true })
  await using outbox = await openOutbox({ dir })
  await outbox.append([body('a')])
  t.strictSame(await next(1), ['a'])
})

t.test('ends with the signal', async (t) => {
  const dir = t.testdir()
  await using _outbox = await openOutbox({ dir })
  const { next, stop } = following(t, { dir })
  const asked = next(1)
  stop.abort()
  t.strictSame(await asked, [])
})

t.test('says what is wrong when there is no outbox', async (t) => {
  const { next } = following(t, { dir: join(t.testdir(), 'missing') })
  await t.rejects(next(1), { code: 'AGENT_NOT_RUNNING', message: /there is no outbox .*missing/ })
})
