import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { createIdSet } from '#progress/id-set.js'

t.test('a hundred thousand numbers in sequence are one range', async (t) => {
  const set = createIdSet()
  for (let id = 1; id <= 100_000; id++) set.add(id)
  t.strictSame(set.ranges(), [[1, 100_000]])
})

t.test('behaves like a set, whatever is done to it', async () => {
  const id = fc.integer({ min: 1, max: 30 })
  const command = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), id }),
    fc.record({ kind: fc.constant('remove' as const), id }),
    fc.record({ kind: fc.constant('range' as const), id, last: id }),
  )
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const set = createIdSet()
      const model = new Set<number>()
      for (const c of commands) {
        if (c.kind === 'add') set.add(c.id)
        else if (c.kind === 'remove') set.remove(c.id)
        else set.addRange(c.id, c.last)
        if (c.kind === 'remove') model.delete(c.id)
        for (let i = c.id; c.kind !== 'remove' && i <= (c.kind === 'range' ? c.last : c.id); i++)
          model.add(i)
      }
      for (let i = 0; i <= 32; i++) assert.equal(set.has(i), model.has(i), `${i}`)
      const again = createIdSet(set.ranges())
      assert.deepEqual(again.ranges(), set.ranges())
    }),
  )
})
