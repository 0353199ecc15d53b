import t from 'tap'
import { createSecondLook } from '#bin/repair-patience.js'

t.test('what is wrong is told when it is seen twice, and once only', async (t) => {
  const { see } = createSecondLook()
  t.same(see(['a']), { confirmed: [], isOpen: true })
  t.same(see(['a', 'b']), { confirmed: ['a'], isOpen: true })
  t.same(see(['a', 'b']), { confirmed: ['b'], isOpen: false })
  t.same(see(['a', 'b']), { confirmed: [], isOpen: false })
  t.same(see([]), { confirmed: [], isOpen: false })
  t.same(see(['a']), { confirmed: [], isOpen: true }, 'it has come back')
  t.same(see(['a']), { confirmed: ['a'], isOpen: false })
})
