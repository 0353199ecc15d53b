import path from 'node:path'
import t from 'tap'
import { ownFolder } from '../../support/own-folder.js'
import { clusterCertificate } from '../effect/world.js'
import { countingRandom } from './counting-random.js'
import { runCrashes, steps } from './effects-run.js'

t.test(
  'killed after each of its steps, the effect path loses nothing and does nothing twice',
  async (t) => {
    const report = await runCrashes({
      url: `sqlite:${path.join(ownFolder(t), 'central.db')}`,
      certificate: clusterCertificate(t),
      kills: steps.map((step) => ({ step, count: 2 })),
      random: countingRandom(42),
    })
    t.same(report.faults, [])
    t.equal(report.killCount, steps.length)
  },
)
