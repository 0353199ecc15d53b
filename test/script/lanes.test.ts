import fc from 'fast-check'
import t from 'tap'
import { dueNow } from '#script/lanes.js'

const hook = (id: number, keys: readonly string[], own = {}) => ({
  ...{ id, keys, isRunning: false, notBeforeMs: 0 },
  ...own,
})
const at = { nowMs: 1000, placeCount: 10 }
const ids = (due: readonly { readonly id: number }[]): readonly number[] => due.map(({ id }) => id)

t.test('the first of each instance goes on, side by side', async (t) => {
  const waiting = [hook(1, ['a']), hook(2, ['b']), hook(3, ['a']), hook(4, ['c'])]
  t.strictSame(ids(dueNow(waiting, at).due), [1, 2, 4])
})

t.test('no more than there are places', async (t) => {
  const waiting = [hook(1, ['a']), hook(2, ['b']), hook(3, ['c'])]
  t.strictSame(ids(dueNow(waiting, { nowMs: 0, placeCount: 2 }).due), [1, 2])
  t.strictSame(ids(dueNow(waiting, { nowMs: 0, placeCount: 0 }).due), [])
})

t.test('one that runs keeps those behind it', async (t) => {
  t.strictSame(ids(dueNow([hook(1, ['a'], { isRunning: true }), hook(2, ['a'])], at).due), [])
})

t.test(
  'one that waits for its next attempt keeps those behind it too, and says until when',
  async (t) => {
    const { due, againAtMs } = dueNow(
      [hook(1, ['a'], { notBeforeMs: 5000 }), hook(2, ['a']), hook(3, ['b'])],
      at,
    )
    t.strictSame(ids(due), [3])
    t.equal(againAtMs, 5000)
  },
)

t.test('a rename comes after all of the old name and before all of the new', async (t) => {
  const rename = hook(2, ['old', 'new'])
  t.strictSame(ids(dueNow([hook(1, ['old']), rename, hook(3, ['new'])], at).due), [1])
  t.strictSame(ids(dueNow([rename, hook(3, ['new']), hook(4, ['old'])], at).due), [2])
})

t.test('never two of one key at once, and never a later one first', async () => {
  const entry = fc.record({
    keys: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 }),
    isRunning: fc.boolean(),
    notBeforeMs: fc.constantFrom(0, 2000),
  })
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const waiting = entries.map((one, id) => ({ ...one, id }))
      return dueNow(waiting, at).due.every(
        (one) =>
          !one.isRunning &&
          one.notBeforeMs <= at.nowMs &&
          waiting
            .slice(0, one.id)
            .every((other) => !other.keys.some((key) => one.keys.includes(key))),
      )
    }),
  )
})
