import fc from 'fast-check'
import t from 'tap'
import { bucketSize, fillBucket, takeToken } from '#responder/token-bucket.js'

const limit = { perSecond: 10, burst: 5 }

t.test('lets a burst through, then so many a second', async (t) => {
  const bucket = fullBucket()
  const taken = (nowMs: number) =>
    [1, 2, 3, 4, 5, 6, 7].map(() => takeToken(bucket, bucketSize, limit, nowMs))
  t.strictSame(taken(0), [true, true, true, true, true, false, false])
  t.strictSame(taken(200), [true, true, false, false, false, false, false])
  t.strictSame(
    taken(100_000),
    [true, true, true, true, true, false, false],
    'never above the burst',
  )
})

t.test('in any time no more than the burst and the rate times the time get through', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 50 }), { maxLength: 300 }), (gapsMs) => {
      const bucket = fullBucket()
      let nowMs = 0
      let taken = 0
      for (const gapMs of gapsMs) {
        nowMs += gapMs
        if (takeToken(bucket, bucketSize, limit, nowMs)) taken++
      }
      t.ok(taken <= limit.burst + (nowMs * limit.perSecond) / 1000 + 1e-6)
      t.ok(taken >= Math.min(gapsMs.length, limit.burst))
    }),
  )
})

/** The second of three buckets: the others stay as they are. */
function fullBucket(): Float64Array {
  const numbers = new Float64Array(bucketSize * 3)
  fillBucket(numbers, bucketSize, { limit, nowMs: 0 })
  return numbers
}
