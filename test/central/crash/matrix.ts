// Kills the whole service, `okeanid-central serve`, 200 times at random moments under load, on SQLite and on PostgreSQL; broker and
// PostgreSQL are killed and started again in between. What is played is Ganeti alone; its agents speak by the agent's own code.
//
//     node dist/test/central/crash/matrix.js [KILLS, 200] [--engine sqlite|postgres] [--control ack-first|blind] [--seed N]
//
// A control switches one mechanism of the service off, and must fail: `ack-first` acknowledges messages before they are in the store,
// `blind` does not find the jobs of calls whose answers were lost. Needs root and the lab's tree (test/lab/README.md).

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { makeAuthority } from '../../support/certificates.js'
import { startPostgres } from '../../support/postgres.js'
import { startRabbitmq } from '../../support/rabbitmq.js'
import type { Control } from './centre.js'
import { countingRandom } from './counting-random.js'
import { type RunReport, runService } from './service-run.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string' },
    control: { type: 'string', default: 'none' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
  },
})
const killCount = Number(positionals[0] ?? 200)
const control = values.control as Control
if (!['none', 'ack-first', 'blind'].includes(control)) throw new Error(`no control ${control}`)
const random = countingRandom(Number(values.seed))
const folder = mkdtempSync(path.join(tmpdir(), 'okeanid-crash-'))
const certificate = makeAuthority(path.join(folder, 'authority')).sign('cluster')
console.log(`seed ${values.seed}, control ${control}`)
const broker = await startRabbitmq()
const restartBroker = {
  every: 25,
  async restart() {
    await broker.kill()
    await broker.start()
  },
}
let isGood = true
try {
  if (values.engine !== 'postgres') {
    const url = `sqlite:${path.join(folder, 'central.db')}`
    tell('SQLite', await runService({ ...common(), url, restarts: [restartBroker] }))
    // its queue goes with it, so that the other run begins with nothing
    await broker.ctl(['delete_queue', 'okeanid-central-snf'])
  }
  if (values.engine !== 'sqlite') {
    await using postgres = await startPostgres()
    const restartPostgres = {
      every: 10,
      async restart() {
        await postgres.kill()
        await postgres.start()
      },
    }
    const restarts = [restartBroker, restartPostgres]
    tell('PostgreSQL', await runService({ ...common(), url: postgres.url('crash'), restarts }))
  }
} finally {
  await broker.close()
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = isGood ? 0 : 1

function common() {
  return {
    ...{ folder, broker, certificate, random, killCount, control },
    onKill: (kills: number) => kills % 20 === 0 && console.error(`${kills} kills`),
    // what a control breaks is not waited for long
    ...(control === 'none' ? {} : { calmMs: 90_000 }),
  }
}

function tell(engine: string, report: RunReport): void {
  const { lost, twice, stuck, wrong, failed, findings, ownEnds, answers, logged } = report
  const rows = {
    ...{ kills: report.killCount, restarts: report.restartCount, servers: report.serverCount },
    ...{ intents: report.intentCount, jobs: report.jobCount, messages: report.messageCount },
    'found by reason': logged.get('intent-found') ?? 0,
    'submitted again': logged.get('intent-again') ?? 0,
    ...{ lost: lost.length, twice: twice.length, stuck: stuck.length, wrong: wrong.length },
    ...{ 'left to reconcile': findings.length, 'ended by itself': ownEnds.length },
  }
  console.log(`\n${engine}`)
  for (const [key, value] of Object.entries(rows)) console.log(`  ${key.padEnd(18)} ${value}`)
  const faults = { lost, twice, stuck, wrong, findings }
  for (const [kind, list] of Object.entries(faults)) {
    for (const fault of list.slice(0, 20)) console.log(`  ${kind}: ${fault}`)
  }
  for (const [reason, count] of failed) console.log(`  failed ${count}: ${reason}`)
  for (const end of new Set(ownEnds)) console.log(`  ended by itself: ${end}`)
  const told = [...answers].sort().map(([answer, count]) => `${answer}: ${count}`)
  console.log(`  answers: ${told.join(', ')}`)
  const faultCount = Object.values(faults).reduce((sum, list) => sum + list.length, 0)
  isGood = isGood && faultCount === 0
}
