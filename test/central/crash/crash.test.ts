import path from 'node:path'
import t from 'tap'
import { ownFolder } from '../../support/own-folder.js'
import { clusterCertificate } from '../effect/world.js'
import { runCrashes, steps } from './crash-run.js'

t.test(
  'killed after each of its steps, the effect path loses nothing and does nothing twice',
  async (t) => {
    const report = await runCrashes({
      url: `sqlite:${path.join(ownFolder(t), 'central.db')}`,
      certificate: clusterCertificate(t),
      kills: steps.map((step) => ({ step, count: 2 })),
      random: countingRandom(),
    })
    t.same(report.faults, [])
    t.equal(report.killCount, steps.length)
  },
)

/** The same numbers each time (Lehmer's). */
function countingRandom(): () => number {
  let state = 42
  return () => {
    state = (state * 48_271) % 0x7fffffff
    return state / 0x7fffffff
  }
}
