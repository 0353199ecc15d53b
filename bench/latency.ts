/**
 * From Ganeti's rename of a job file to the broker's confirm of the last message about it, at 50 writes a second; ours against
 * the simplest possible loop (latency-peer.ts), in turns, on the same disk and broker.
 *
 *     node dist/bench/latency.js [seconds per round, 20] [rounds, 3]
 */
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'amqplib'
import {
  logged,
  type Measured,
  openStage,
  type Stage,
  startProgram,
} from '../test/support/agent.js'
import { jobText, type Phase } from '../test/support/job-text.js'
import { startRabbitmq } from '../test/support/rabbitmq.js'
import { printTable, quantile } from './harness.js'

const [, , secondsText = '20', roundsText = '3'] = process.argv
const writesPerSecond = 50
const phases: readonly Phase[] = ['queued', 'waiting', 'running', 'success']

await using broker = await startRabbitmq()
const model = await connect(broker.url)
model.on('error', () => {}) // the broker is killed at the end
const channel = await model.createChannel()
await channel.assertExchange('ganeti', 'topic', { durable: true })
await channel.assertQueue('bench', { durable: true, arguments: { 'x-max-length': 10_000 } })
await channel.bindQueue('bench', 'ganeti', '#')

const programs = {
  peer: (stage: Stage) => [
    path.resolve('dist/bench/latency-peer.js'),
    stage.queueDirectory,
    broker.url,
    path.join(stage.directory, 'log'),
  ],
  ours: (stage: Stage) => [path.resolve('dist/bench/latency-ours.js'), stage.configFile],
} as const

const latencies: Record<keyof typeof programs, number[]> = { peer: [], ours: [] }
for (let round = 0; round < Number(roundsText); round++) {
  for (const name of ['peer', 'ours'] as const) latencies[name].push(...(await measure(name)))
}
await model.close()

const rows = Object.entries(latencies).map(([name, values]) => [
  name,
  values.length,
  quantile(values, 0.5).toFixed(2),
  quantile(values, 0.99).toFixed(2),
  Math.max(...values).toFixed(2),
])
printTable(['program', 'versions', 'p50 ms', 'p99 ms', 'max ms'], rows)
const ratio = (share: number) =>
  (quantile(latencies.ours, share) / quantile(latencies.peer, share)).toFixed(2)
console.log(`ours / peer: p50 ${ratio(0.5)}, p99 ${ratio(0.99)} (wanted: p50 <= 3)`)

/** Milliseconds from rename to confirm of each version that was written in one round. */
async function measure(name: keyof typeof programs): Promise<readonly number[]> {
  await using stage = openStage(broker.url)
  await using program: Measured = startProgram(programs[name](stage))
  await logged(program, /watching/)
  if (name === 'ours') await logged(program, /broker-connected/)
  const written = new Map<string, number>()
  const values: number[] = []
  const out = program.child.stdout
  if (out === null) throw new Error('no pipe')
  createInterface({ input: out }).on('line', (line) => {
    const [file = '', confirmedMs = ''] = line.split(' ')
    const writtenMs = written.get(file)
    if (writtenMs !== undefined) values.push(Number(confirmedMs) - writtenMs)
  })
  const startMs = performance.now()
  const count = Number(secondsText) * writesPerSecond
  for (let i = 0; i < count; i++) {
    // four versions of each job, one after the other, from many jobs in turn
    const id = 1 + Math.floor(i / 4 / 10) * 10 + (i % 10)
    const phase = phases[Math.floor(i / 10) % 4] ?? 'queued'
    stage.write(id, jobText(id, phase))
    written.set(`job-${id}`, performance.timeOrigin + performance.now())
    await delay(Math.max(0, startMs + ((i + 1) * 1000) / writesPerSecond - performance.now()))
  }
  await delay(1000)
  if (values.length < count * 0.99)
    throw new Error(`${name}: only ${values.length} of ${count} versions were confirmed`)
  return values
}
