import fc from 'fast-check'
import t from 'tap'
import { formatVlan, parseVlan } from '#ganeti/vlan.js'

t.test('reads what Ganeti takes for VLANs', async (t) => {
  const cases = [
    ['.100', { native: 100, tagged: [] }],
    ['100', { native: 100, tagged: [] }],
    [':100', { native: undefined, tagged: [100] }],
    [':100:200', { native: undefined, tagged: [100, 200] }],
    ['.100:200:300', { native: 100, tagged: [200, 300] }],
    ['.4094', { native: 4094, tagged: [] }],
  ] as const
  for (const [text, vlan] of cases) t.same(parseVlan(text), vlan, text)
})

t.test('takes nothing else', async (t) => {
  const cases = [
    '',
    '.',
    ':',
    '.:100',
    '0',
    '.0',
    '.4095',
    ':4095',
    '.100.200',
    '100:',
    '.1:1',
    'a',
    '-1',
    '.10000',
  ]
  for (const text of cases) t.equal(parseVlan(text), undefined, text)
})

t.test('writes what it reads', async (t) => {
  const id = fc.integer({ min: 1, max: 4094 })
  const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(ids, fc.boolean(), ([first = 1, ...rest], hasNative) => {
      const vlan = hasNative
        ? { native: first, tagged: rest }
        : { native: undefined, tagged: [first, ...rest] }
      t.strictSame(parseVlan(formatVlan(vlan)), vlan)
    }),
  )
})
