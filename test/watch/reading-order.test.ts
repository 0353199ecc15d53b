import t from 'tap'
import type { JobId } from '#ganeti/job.js'
import { parseJobId } from '#ganeti/job.js'
import { createReadingOrder, type ReadingOrder } from '#watch/reading-order.js'

function id(number: number): JobId {
  const parsed = parseJobId(String(number))
  if (parsed === undefined) throw new Error('no job number')
  return parsed
}

const ids = (...numbers: readonly number[]) => numbers.map(id)

/** Files as a scan finds them: by the time at which they were written, in seconds. */
const written = (...times: readonly (readonly [number, number])[]) =>
  times
    .map(([number, seconds]) => ({ id: id(number), writtenMs: seconds * 1000 }))
    .sort((a, b) => a.writtenMs - b.writtenMs)

function all(order: ReadingOrder): readonly number[] {
  const taken: number[] = []
  for (let next = order.next(); next !== undefined; next = order.next()) taken.push(next)
  return taken
}

t.test('what was written last is read last, also when it was noticed before', async (t) => {
  const order = createReadingOrder()
  for (const one of ids(1, 2, 1)) order.notice(one)
  t.strictSame(all(order), [2, 1])
  t.equal(order.size(), 0)
})

t.test(
  'under load a job’s end came before older ends: what a scan finds is older than what is noticed while it scans',
  async (t) => {
    const order = createReadingOrder()
    order.notice(id(3))
    order.scanBegins()
    order.notice(id(9))
    order.notice(id(2))
    order.scanEnds(written([1, 5000], [2, 5001], [3, 5002]))
    t.ok(order.has(id(9)))
    t.strictSame(all(order), [1, 3, 9, 2], 'job 2 was written again after the scan had begun')
  },
)

t.test('a notice that was lost: the time of the file says where it belongs', async (t) => {
  const order = createReadingOrder()
  for (const one of ids(5, 7)) order.notice(one)
  order.scanBegins()
  order.scanEnds(written([7, 5000], [5, 5030], [8, 5010]))
  t.strictSame(all(order), [7, 8, 5], 'job 5 was written again, which nobody told')
})

t.test(
  'a clock that is set back put later ends before earlier ones: what was noticed keeps its place',
  async (t) => {
    const order = createReadingOrder()
    for (const one of ids(5, 7)) order.notice(one)
    order.scanBegins()
    order.notice(id(9))
    order.scanEnds(written([5, 5000], [7, 1400], [8, 1401], [9, 1402]))
    t.strictSame(all(order), [5, 7, 8, 9], 'only job 8 was not noticed')
  },
)

t.test(
  'a clock that is set back and forth again between two scans is noticed as well',
  async (t) => {
    const order = createReadingOrder()
    for (const one of ids(5, 7, 8)) order.notice(one)
    order.scanBegins()
    order.scanEnds(written([5, 5000], [7, 1400], [8, 5003]))
    t.strictSame(all(order), [5, 7, 8])
  },
)
