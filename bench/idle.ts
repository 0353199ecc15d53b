/**
 * What the events role costs when nothing happens: CPU time with many finished jobs in the queue.
 *
 *     node dist/bench/idle.js [old jobs, 10000] [seconds, 60]
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { logged, openStage, startAgent } from '../test/support/agent.js'
import { jobText } from '../test/support/job-text.js'
import { startRabbitmq } from '../test/support/rabbitmq.js'
import { cpuMs, printTable } from './harness.js'

const [, , countText = '10000', secondsText = '60'] = process.argv
await using broker = await startRabbitmq()
await using stage = openStage(broker.url, { heartbeat: '30s' })
for (let id = 1; id <= Number(countText); id++) {
  writeFileSync(
    path.join(stage.queueDirectory, `job-${id}`),
    jobText(id, 'success', Date.now() - 86_400_000),
  )
}
await using agent = startAgent(stage)
await logged(agent, /broker-connected/)
await logged(agent, /scanned listed=/)
await delay(15_000) // the first hour's jobs are told, then all is quiet
const beganMs = cpuMs(agent.pid)
await delay(Number(secondsText) * 1000)
const share = (cpuMs(agent.pid) - beganMs) / (Number(secondsText) * 10)
printTable(
  ['what', 'measured', 'wanted'],
  [
    [
      `CPU of one core, ${countText} jobs in the queue, idle ${secondsText} s`,
      `${share.toFixed(2)} %`,
      '< 0.5 %',
    ],
  ],
)
