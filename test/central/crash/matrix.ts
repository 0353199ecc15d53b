// Kills the whole service, `okeanid-central serve`, at random moments under load, on SQLite and on PostgreSQL; broker and
// PostgreSQL are killed and started again in between. What is played is Ganeti alone; its agents speak by the agent's own code.
// A control switches one mechanism of the service off, and must fail.

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

const help = `node dist/test/central/crash/matrix.js [KILLS] [--engine sqlite|postgres] [--control CONTROL] [--seed N]

Kills okeanid-central serve KILLS times (200) at random moments under load and starts it again: on SQLite with the broker killed at
every 25th kill, then on PostgreSQL, which is killed at every 10th as well. At the end clients, store, cluster and jobs are
compared. Exit code 1: something was lost, done twice, stuck, wrong, or left to reconcile.

  --engine sqlite|postgres  on this one alone
  --control ack-first       messages are acknowledged before they are in the store: must fail
  --control blind           jobs of calls whose answers were lost are not found: must fail
  --seed N                  of the random moments; printed, so that a run can be repeated

Needs root and the lab's tree (test/lab/README.md). 200 kills of one engine take an hour beside other work.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string' },
    control: { type: 'string', default: 'none' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help === true) {
  console.log(help)
  process.exit()
}
const killCount = Number(positionals[0] ?? 200)
const control = values.control as Control
const engines = ['sqlite', 'postgres', undefined]
if (!Number.isSafeInteger(killCount) || killCount < 1) throw new Error('KILLS wants a number')
if (!engines.includes(values.engine)) throw new Error(`no engine ${values.engine}`)
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
