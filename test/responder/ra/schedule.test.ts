import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { RaService } from '#binding/service.js'
import { createDueQueue } from '#responder/ra/due-queue.js'
import {
  changedAdvertisement,
  firstAdvertisement,
  nextAdvertisement,
  raConstant,
} from '#responder/ra/schedule.js'
import { withdrawnFrom, withWithdrawn } from '#responder/ra/withdrawn.js'
import { cidr6, testRa } from '../../support/nic6.js'

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const interval = fc
  .tuple(fc.integer({ min: 3, max: 1350 }), fc.integer({ min: 0, max: 450 }))
  .map(([minSeconds, more]) => ({ minSeconds, maxSeconds: minSeconds + more }))

t.test('the first three advertisements come quickly, then between the bounds', async () => {
  fc.assert(
    fc.property(interval, fc.array(random, { minLength: 8, maxLength: 8 }), (bounds, draws) => {
      const [first = 0, ...rest] = draws
      let schedule = firstAdvertisement({ nowSeconds: 1000, random: first })
      assert.ok(schedule.nextSeconds >= 1000 && schedule.nextSeconds <= 1016)
      for (const draw of rest) {
        const nowSeconds = schedule.nextSeconds
        schedule = nextAdvertisement(schedule, bounds, { nowSeconds, random: draw })
        const wait = schedule.nextSeconds - nowSeconds
        assert.ok(wait >= raConstant.minDelaySeconds - 1e-6, 'RFC 4861 §6.2.6')
        if (schedule.sentCount < raConstant.maxInitialCount) assert.ok(wait <= 16 + 1e-6)
        else {
          assert.ok(wait >= bounds.minSeconds - 1e-6, 'RFC 4861 §6.2.4')
          assert.ok(wait <= bounds.maxSeconds + 1e-6)
        }
      }
      assert.equal(schedule.sentCount, 7)
    }),
    { numRuns: 300 },
  )
})

t.test('a change is told soon and three times anew, but not at once', async (t) => {
  const schedule = changedAdvertisement({ nowSeconds: 50, random: 0 })
  t.strictSame(schedule, { nextSeconds: 53, sentCount: 0 })
  t.ok(changedAdvertisement({ nowSeconds: 50, random: 0.999 }).nextSeconds < 66)
})

t.test('ten thousand NICs that begin together are spread', async (t) => {
  const queue = createDueQueue<number>()
  let seed = 1
  const draw = (): number => {
    seed = (seed * 48271) % 2147483647
    return seed / 2147483647
  }
  for (let nic = 0; nic < 10_000; nic++)
    queue.set(nic, firstAdvertisement({ nowSeconds: 0, random: draw() }).nextSeconds)
  let most = 0
  for (let tick = 1; tick <= 160; tick++)
    most = Math.max(most, queue.take(tick / 10, 10_000).length)
  t.equal(queue.size, 0)
  t.ok(most < 120, `${most} in 100 ms; 62.5 on average`)
})

interface Model {
  readonly what: 'set' | 'delete' | 'take'
  readonly key: number
  readonly seconds: number
}
const step: fc.Arbitrary<Model> = fc.record({
  what: fc.constantFrom('set', 'set', 'set', 'delete', 'take'),
  key: fc.nat({ max: 30 }),
  seconds: fc.nat({ max: 50 }),
})

t.test('the queue does what a sorted list would do', async () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 500, size: 'max' }), (steps) => {
      const queue = createDueQueue<number>()
      const model = new Map<number, number>()
      for (const { what, key, seconds } of steps) {
        if (what === 'set') {
          queue.set(key, seconds)
          model.set(key, seconds)
        } else if (what === 'delete') {
          queue.delete(key)
          model.delete(key)
        } else {
          const taken = queue.take(seconds, 5)
          const times = taken.map((it) => model.get(it) ?? -1)
          const due = [...model.values()].filter((it) => it <= seconds).sort((a, b) => a - b)
          assert.deepEqual(times, due.slice(0, 5))
          for (const it of taken) model.delete(it)
        }
        assert.equal(queue.size, model.size)
        const next = model.size === 0 ? undefined : Math.min(...model.values())
        assert.equal(queue.nextSeconds(), next)
      }
    }),
    { numRuns: 300 },
  )
})

const [prefix] = testRa.prefixes
if (prefix === undefined) throw new Error('no prefix')
const moved: RaService = {
  ...testRa,
  prefixes: [{ ...prefix, prefix: cidr6('2001:db8:2::/64') }],
  routes: [],
}

t.test(
  'a prefix that is gone stays valid for two hours, unpreferred (RFC 4862 §5.5.3)',
  async (t) => {
    const withdrawn = withdrawnFrom(testRa, moved)
    t.strictSame(withdrawn.prefixes, [{ ...prefix, preferredSeconds: 0, validSeconds: 7200 }])
    t.strictSame(
      withdrawn.routes.map(({ lifetimeSeconds }) => lifetimeSeconds),
      [0],
    )
    const both = withWithdrawn(moved, withdrawn)
    t.equal(both.prefixes.length, 2)
    t.equal(both.routes.length, 1)
  },
)

t.test('what is still told is not withdrawn, also when written differently', async (t) => {
  const same = { ...testRa, prefixes: [{ ...prefix, prefix: cidr6('2001:db8:1::5/64') }] }
  t.strictSame(withdrawnFrom(testRa, same), { prefixes: [], routes: [] })
  t.strictSame(withdrawnFrom(undefined, testRa), { prefixes: [], routes: [] })
  t.equal(withdrawnFrom(testRa, undefined).prefixes.length, 1)
})
