import fc from 'fast-check'
import t from 'tap'
import { entryChanges, planQueueing, queueNumber, servedTaps } from '#nic/queueing/plan.js'
import { testNeighbours } from '../../support/nic6.js'
import { numbers, served, service } from './served.js'

t.test('rules are planned where the kernel shows a tap', async (t) => {
  const keys = (mode: 'bridged' | 'routed' | 'ext' | 'openvswitch') => [
    ...planQueueing([served('tap0', { mode, ra: false, nd: false, dhcp6: false })]).entries.keys(),
  ]
  t.same(keys('bridged'), ['bridged dhcp4 pass tap0'])
  t.same(keys('routed'), ['routed dhcp4 pass tap0'])
  t.same(keys('ext'), ['bridged dhcp4 pass tap0', 'routed dhcp4 pass tap0'])
  t.same(keys('openvswitch'), [])
})

t.test('a port of Open vSwitch is said to be out of reach, unless it wants nothing', async (t) => {
  const mode = 'openvswitch'
  const nothing = { dhcp4: false, ra: false, nd: false, dhcp6: false }
  t.same(
    planQueueing([served('tap0', { mode }), served('tap1', { mode, ...nothing })]).unreachable,
    ['tap0'],
  )
})

t.test('only what is served is queued', async (t) => {
  const { entries } = planQueueing([served('tap0', { dhcp4: false, nd: false, whenDown: 'drop' })])
  t.same([...entries.keys()], ['routed ra drop tap0', 'routed dhcp6 drop tap0'])
})

t.test('NICs that share a tap are merged, and whoever wants silence wins', async (t) => {
  const taps = servedTaps([
    service('tap0', {
      whenDown: 'drop',
      neighbours: testNeighbours,
    }),
    service('tap0', { whenDown: 'pass' }),
    service('tap1', {}),
  ])
  t.same(
    [...taps.values()].map(({ tap, nd, dhcp4, whenDown }) => ({ tap, nd, dhcp4, whenDown })),
    [
      { tap: 'tap0', nd: true, dhcp4: false, whenDown: 'drop' },
      { tap: 'tap1', nd: false, dhcp4: false, whenDown: 'pass' },
    ],
  )
})

t.test('networks that drop have queues of their own', async (t) => {
  t.equal(queueNumber(numbers, { service: 'nd', whenDown: 'pass' }), 44)
  t.equal(queueNumber(numbers, { service: 'nd', whenDown: 'drop' }), 144)
})

t.test('the changes between two plans lead from one to the other', async () => {
  const plan = fc
    .uniqueArray(fc.tuple(fc.nat(9), fc.boolean()), { selector: ([n]) => n })
    .map((taps) => planQueueing(taps.map(([n, ra]) => served(`tap${n}`, { ra }))).entries)
  fc.assert(
    fc.property(plan, plan, (from, to) => {
      const { added, removed } = entryChanges(from, to)
      const after = new Set(from.keys())
      const key = (e: (typeof added)[number]) => `${e.place} ${e.service} ${e.whenDown} ${e.tap}`
      for (const entry of removed) if (!after.delete(key(entry))) return false
      for (const entry of added) after.add(key(entry))
      return after.size === to.size && [...to.keys()].every((name) => after.has(name))
    }),
  )
})
