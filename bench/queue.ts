/**
 * A queue directory with many finished jobs, then a storm of writes, then one that overflows inotify while the agent is
 * stopped: what it costs and whether anything is lost.
 *
 *     node dist/bench/queue.js [old jobs, 100000] [seconds of 1000 renames/s, 30] [renames while stopped, 20000]
 */
import { execFileSync } from 'node:child_process'
import { utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { logged, openStage, type Stage, startAgent } from '../test/support/agent.js'
import { jobText, type Phase } from '../test/support/job-text.js'
import { startRabbitmq } from '../test/support/rabbitmq.js'
import { compare, openTally, type Tally } from '../test/support/tally.js'
import { until } from '../test/support/until.js'
import { inotifyWatchCount, printTable, rssMebibytes } from './harness.js'

const [, , oldText = '100000', secondsText = '30', overflowText = '20000'] = process.argv
const oldCount = Number(oldText)
const renamesPerSecond = 1000
const phases: readonly Phase[] = ['queued', 'waiting', 'running', 'success']
const rows: (readonly [string, string, string])[] = []

await using broker = await startRabbitmq()
const emptyMebibytes = await measureEmpty()
await using stage = openStage(broker.url)
fill(stage)
await using tally = await openTally(broker.url)
const startMs = performance.now()
await using agent = startAgent(stage)
await logged(agent, /watching directory=\S*queue/)
rows.push([
  'watched after the start',
  `${((performance.now() - startMs) / 1000).toFixed(2)} s`,
  '<= 2 s',
])
await caughtUp(stage, 1)
rows.push([
  'caught up after the start',
  `${((performance.now() - startMs) / 1000).toFixed(2)} s`,
  '<= 10 s',
])
await delay(3000)
rows.push([
  'inotify watches',
  String(inotifyWatchCount(agent.pid)),
  '2 (queue, ssconf), none per file',
])
const settledMebibytes = rssMebibytes(agent.pid)
rows.push([
  'RSS over that of an empty queue',
  `${(settledMebibytes - emptyMebibytes).toFixed(1)} MiB`,
  '<= 60 MB',
])

const stormFirst = oldCount + 2
const stormCount = Math.floor((Number(secondsText) * renamesPerSecond) / phases.length)
const stormSeconds = await storm(stormFirst, stormCount, renamesPerSecond)
await verdict(`${stormCount * 4} renames in ${stormSeconds.toFixed(1)} s`, stormFirst, stormCount)

const overflowFirst = stormFirst + stormCount
const overflowCount = Math.floor(Number(overflowText) / phases.length)
agent.child.kill('SIGSTOP')
await storm(overflowFirst, overflowCount, Number.POSITIVE_INFINITY)
agent.child.kill('SIGCONT')
await verdict(
  `${overflowCount * 4} renames while stopped (inotify overflows)`,
  overflowFirst,
  overflowCount,
)
rows.push(['RSS after all this', `${rssMebibytes(agent.pid).toFixed(1)} MiB`, '<= 120 MB'])
printTable(['what', 'measured', 'wanted'], rows)
if (process.env['BENCH_LOG'] !== undefined)
  console.error(
    agent.log(),
    execFileSync(process.execPath, [
      'dist/agent/bin/okeanid.js',
      'status',
      '--json',
      '-c',
      stage.configFile,
    ]).toString(),
  )

async function measureEmpty(): Promise<number> {
  await using empty = openStage(broker.url)
  await using started = startAgent(empty)
  await logged(started, /watching directory=\S*queue/)
  await logged(started, /broker-connected/)
  await delay(3000)
  return rssMebibytes(started.pid)
}

/** Jobs that ended two days ago. */
function fill({ queueDirectory }: Stage): void {
  const endedMs = Date.now() - 2 * 86_400_000
  for (let id = 1; id <= oldCount; id++) {
    const file = path.join(queueDirectory, `job-${id}`)
    writeFileSync(file, jobText(id, 'success', endedMs))
    utimesSync(file, endedMs / 1000, endedMs / 1000)
  }
}

/** A job that is written now arrives: whatever was before it was looked at. */
async function caughtUp(on: Stage, count: number): Promise<void> {
  const id = oldCount + count
  on.write(id, jobText(id, 'success'))
  await until('the first job', () => (tally.finalJobs.has(id) ? true : undefined), {
    deadlineMs: 60_000,
    everyMs: 5,
  })
}

/** Writes all phases of jobs, in waves of ten jobs, at a rate; resolves with the seconds it took. */
async function storm(first: number, count: number, perSecond: number): Promise<number> {
  const beganMs = performance.now()
  let written = 0
  for (let wave = 0; wave < count; wave += 10) {
    for (const phase of phases) {
      for (let id = first + wave; id < first + Math.min(wave + 10, count); id++) {
        stage.write(id, jobText(id, phase))
        written++
      }
      const aheadMs = beganMs + (written * 1000) / perSecond - performance.now()
      if (aheadMs > 0) await delay(aheadMs)
    }
  }
  return (performance.now() - beganMs) / 1000
}

async function verdict(what: string, first: number, count: number): Promise<void> {
  const range = { first, last: first + count - 1 }
  const isComplete = ({ finalOps, finalJobs }: Tally) =>
    compare(finalOps, range).lost + compare(finalJobs, range).lost === 0
  await until('all final statuses', () => (isComplete(tally) ? true : undefined), {
    deadlineMs: 90_000,
    everyMs: 100,
  }).catch(() => {})
  await delay(2000) // whatever comes twice would come now
  for (const [name, counts] of [
    ['op', tally.finalOps],
    ['job', tally.finalJobs],
  ] as const) {
    const { lost, twice } = compare(counts, range)
    rows.push([
      `${what}: final ${name} statuses`,
      `${count - lost} of ${count}, lost ${lost}, twice ${twice}`,
      'lost 0, twice 0',
    ])
  }
}
