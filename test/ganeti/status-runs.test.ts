import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { opStatuses } from '#ganeti/status.js'
import { foldStatuses, unfoldStatuses } from '#ganeti/status-runs.js'

t.test('statuses are folded into runs', async (t) => {
  t.equal(foldStatuses(['success', 'success', 'running', 'queued']), '2s1r1q')
})

t.test('folding and unfolding gives the same statuses', async () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...opStatuses), { maxLength: 50 }), (statuses) => {
      assert.deepEqual(unfoldStatuses(foldStatuses(statuses)), statuses)
    }),
  )
})
