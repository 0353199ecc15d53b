import t from 'tap'
import type { Ending } from '#script/ending.js'
import { nextStep, type PastRun, retryAtMs } from '#script/progress.js'
import { plainSettings } from '../support/script-settings.js'

const past = (script: string, attempt: number, again?: number): PastRun => ({
  ...{ script, attempt, retryAtMs: again },
  ending: again === undefined ? { kind: 'ok' } : { kind: 'failed', status: 1 },
})

for (const c of [
  { name: 'no scripts, nothing to do', scripts: [], runs: [], step: { kind: 'done' } },
  {
    name: 'the first by name is first',
    scripts: ['20-b', '10-a'],
    runs: [],
    step: { kind: 'run', script: '10-a', attempt: 1, notBeforeMs: 0 },
  },
  {
    name: 'then the second',
    scripts: ['10-a', '20-b'],
    runs: [past('10-a', 1)],
    step: { kind: 'run', script: '20-b', attempt: 1, notBeforeMs: 0 },
  },
  {
    name: 'one that is to be tried again keeps the second waiting',
    scripts: ['10-a', '20-b'],
    runs: [past('10-a', 1, 500)],
    step: { kind: 'run', script: '10-a', attempt: 2, notBeforeMs: 500 },
  },
  {
    name: 'the last attempt counts, in whatever order they are told',
    scripts: ['10-a'],
    runs: [past('10-a', 3), past('10-a', 1, 500), past('10-a', 2, 900)],
    step: { kind: 'done' },
  },
  {
    name: 'one that was removed between its attempts is not run',
    scripts: ['20-b'],
    runs: [past('10-a', 1, 500), past('20-b', 1)],
    step: { kind: 'done' },
  },
])
  t.test(c.name, async (t) => t.strictSame(nextStep(c.scripts, c.runs), c.step))

const failed: Ending = { kind: 'failed', status: 1 }
const interrupted: Ending = { kind: 'interrupted' }
const settings = plainSettings({ retryCount: 2, retryFirstMs: 100, retryMaxMs: 1000 })
const again = (ending: Ending, earlier: readonly Ending[], own = {}): number | undefined =>
  retryAtMs(ending, {
    earlier: earlier.map((one) => ({ ending: one })),
    settings: { ...settings, ...own },
    nowMs: 10_000,
    random: 0.999_999,
  })

t.test('a failure is tried again as often as may be, each time later', async (t) => {
  t.equal(again(failed, []), 10_100)
  t.equal(again({ kind: 'timeout' }, [failed]), 10_200)
  t.equal(again(failed, [failed, failed]), undefined)
  t.equal(again({ kind: 'unstarted', why: 'x' }, [failed], { retryCount: 9 }), 10_200)
})

t.test('what went well or may not run is not tried again', async (t) => {
  t.equal(again({ kind: 'ok' }, [failed]), undefined)
  t.equal(again({ kind: 'refused', why: 'x' }, []), undefined)
})

t.test(
  'an interruption costs none of the attempts, and is followed by a new one at once',
  async (t) => {
    t.equal(again(interrupted, [failed, failed]), 10_000)
    t.equal(again(failed, [interrupted, interrupted, failed]), 10_200)
  },
)

t.test(
  'one that never comes to its end is given up: it may be what brings the host down',
  async (t) => {
    t.equal(again(interrupted, [interrupted, interrupted]), 10_000)
    t.equal(again(interrupted, [interrupted, interrupted, interrupted]), undefined)
  },
)

t.test('who does not want it twice says leave', async (t) => {
  t.equal(again(interrupted, [], { isRetriedWhenInterrupted: false }), undefined)
})
