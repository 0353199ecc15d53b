import path from 'node:path'
import t from 'tap'
import { labUnavailable } from '../../lab/command.js'
import { ownFolder } from '../../support/own-folder.js'
import { startRabbitmq } from '../../support/rabbitmq.js'
import { clusterCertificate } from '../effect/world.js'
import { countingRandom } from './counting-random.js'
import { runService } from './service-run.js'

t.test(
  'the service is killed under load and nothing is lost, done twice or stuck',
  { skip: labUnavailable() ?? false, timeout: 300_000 },
  async (t) => {
    const folder = ownFolder(t)
    const broker = await startRabbitmq()
    t.teardown(() => broker.close())
    const report = await runService({
      ...{ folder, url: `sqlite:${path.join(folder, 'central.db')}`, broker, killCount: 4 },
      ...{ certificate: clusterCertificate(t), random: countingRandom(3), restarts: [] },
    })
    const { lost, twice, stuck, wrong, findings } = report
    t.same({ lost, twice, stuck, wrong, findings }, nothing)
    t.ok(report.serverCount > 0 && report.messageCount > 0, 'there was something to lose')
  },
)

const nothing = { lost: [], twice: [], stuck: [], wrong: [], findings: [] }
