import t from 'tap'
import { afterWork, firstLook, nextLook, onAnswer, type PauseWatch } from '#nic/life/pauses.js'

const qemu = { instance: 'vm1', pid: 10, startTicks: 500 }

/** Threads 11 and 12 have run so long. */
const ran = (first: number, second = 7): ReadonlyMap<string, string> =>
  new Map([
    ['11', String(first)],
    ['12', String(second)],
  ])

/** Looks every five seconds at a guest whose first thread has run so long by then. */
function lookAt(watch: PauseWatch, times: readonly number[], fromMs: number): PauseWatch {
  return times.reduce(
    (last, time, index) => nextLook(last, ran(time), fromMs + index * 5000),
    watch,
  )
}

const fresh = firstLook(ran(100), { nowMs: 0 })

t.test('a guest that runs is never asked about', async (t) => {
  t.equal(fresh.isDue, false)
  t.equal(lookAt(fresh, [101, 102, 103, 104, 105], 5000).isDue, false)
  const other = nextLook(fresh, ran(100, 8), 5000)
  t.equal(nextLook(other, ran(100, 9), 10_000).isDue, false, 'whichever of its threads runs')
})

t.test('one that stands still is, and what QEMU says is told once', async (t) => {
  const still = nextLook(fresh, ran(100), 5000)
  t.equal(still.isDue, true)
  const { watch, change } = onAnswer(still, { qemu, state: 'io-error', nowMs: 5000 })
  t.strictSame(change, { status: 'paused', reason: 'io-error', key: 'paused-10-500-107' })
  t.equal(lookAt(watch, [100, 100, 100], 10_000).isDue, false)
})

t.test('one whose process as a whole has worked begins anew', async (t) => {
  const worked = afterWork(nextLook(fresh, ran(100), 5000), 10_000)
  t.equal(worked.isDue, false)
  const looked = nextLook(worked, ran(200), 15_000)
  t.equal(looked.isDue, false, 'its threads were not looked at meanwhile')
  t.equal(nextLook(looked, ran(200), 20_000).isDue, true)
})

t.test('one that only sleeps is left in peace for a minute', async (t) => {
  const still = nextLook(fresh, ran(100), 5000)
  const { watch, change } = onAnswer(still, { qemu, state: 'running', nowMs: 5000 })
  t.equal(change, undefined)
  t.equal(nextLook(watch, ran(100), 64_000).isDue, false)
  t.equal(nextLook(watch, ran(100), 65_000).isDue, true)
})

t.test('QEMU that gives no answer is asked again, and nothing is told', async (t) => {
  const still = nextLook(fresh, ran(100), 5000)
  const { watch, change } = onAnswer(still, { qemu, state: undefined, nowMs: 5000 })
  t.equal(change, undefined)
  t.equal(nextLook(watch, ran(100), 15_000).isDue, false)
  t.equal(nextLook(watch, ran(100), 20_000).isDue, true)
})

t.test('a guest that goes on is told under the id of its pause', async (t) => {
  const still = nextLook(fresh, ran(100), 5000)
  const { watch } = onAnswer(still, { qemu, state: 'paused', nowMs: 5000 })
  const touched = nextLook(watch, ran(101), 10_000)
  t.equal(touched.isDue, true)
  const stays = onAnswer(touched, { qemu, state: 'paused', nowMs: 10_000 })
  t.equal(stays.change, undefined, 'a monitor may wake a thread of a paused guest')
  const again = nextLook(stays.watch, ran(102), 15_000)
  const { watch: awake, change } = onAnswer(again, { qemu, state: 'running', nowMs: 15_000 })
  t.strictSame(change, { status: 'resumed', reason: undefined, key: 'resumed-10-500-107' })
  t.equal(nextLook(awake, ran(102), 20_000).isDue, true, 'it may be paused again at once')
})

t.test('of one that runs and gives no answer it is asked until there is one', async (t) => {
  const still = nextLook(fresh, ran(100), 5000)
  const { watch } = onAnswer(still, { qemu, state: 'paused', nowMs: 5000 })
  const silent = onAnswer(nextLook(watch, ran(101), 10_000), {
    ...{ qemu, state: undefined },
    nowMs: 10_000,
  })
  t.equal(nextLook(silent.watch, ran(101), 15_000).isDue, false)
  t.equal(nextLook(silent.watch, ran(101), 25_000).isDue, true)
})

t.test('what was paused before a restart is asked about at once', async (t) => {
  const pause = { reason: 'paused', mark: '107' }
  const kept = firstLook(ran(300), { nowMs: 0, pause })
  t.equal(kept.isDue, true)
  const { change } = onAnswer(kept, { qemu, state: 'running', nowMs: 0 })
  t.strictSame(change, { status: 'resumed', reason: undefined, key: 'resumed-10-500-107' })
})

t.test('a guest that arrives, leaves or ends is not paused', async (t) => {
  const still = nextLook(fresh, ran(100), 5000)
  for (const state of ['inmigrate', 'postmigrate', 'finish-migrate', 'shutdown', 'whatever'])
    t.equal(onAnswer(still, { qemu, state, nowMs: 5000 }).change, undefined, state)
  const { watch } = onAnswer(still, { qemu, state: 'paused', nowMs: 5000 })
  const gone = onAnswer(nextLook(watch, ran(101), 10_000), {
    ...{ qemu, state: 'shutdown' },
    nowMs: 10_000,
  })
  t.equal(gone.change, undefined, 'nor does it go on')
})
