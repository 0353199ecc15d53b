import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createRandom } from '../fuzz/random.js'
import { until } from '../support/until.js'
import { type Arrivals, type Collector, collect, declareQueue, type EndOrder } from './collector.js'
import { openNaiveFollower } from './naive-follower.js'
import { readNicFacts } from './nic-messages.js'
import { type Facts, readFacts } from './oracle.js'
import { startRealLoad } from './real-load.js'
import { recordedJobs } from './recorded-jobs.js'
import { openReplaySite, type ReplaySite } from './replay-site.js'
import type { Row } from './row.js'
import type { World } from './world.js'

/** What became of what one cluster's job files say. */
export interface Verdict {
  readonly written: number
  readonly arrived: number
  readonly lost: readonly string[]
  readonly duplicates: number
  readonly disorders: readonly string[]
  readonly clashes: readonly string[]
}

/** How a row ended. */
export interface RowResult {
  readonly row: Row
  readonly isShort: boolean
  readonly seed: number
  readonly seconds: number
  readonly recordedPerSecond: number
  readonly realPerSecond: number
  /** Recorded jobs, real jobs, and the control's: recorded ones without an outbox, or real ones without following. */
  readonly recorded: Verdict
  readonly real: Verdict
  readonly control: Verdict
  /** What the row counted beside. */
  readonly counts: ReadonlyMap<string, number>
}

/** How a row is run. */
export interface RunOptions {
  readonly world: World
  readonly seed: number
  readonly isShort: boolean
  readonly say: (text: string) => void
}

const writesPerSecond = 1000
const controlWritesPerSecond = 100

/** Nothing came for so long: what is missing does not come any more. Longer than any pause of the agent's. */
const givenUpMs = 60_000

/** Runs one row, from its loads to the last message; leaves the world as it found it, with agents that run. */
export async function runRow(row: Row, options: RunOptions): Promise<RowResult> {
  const { world, seed, isShort, say } = options
  const { lab } = world
  const random = createRandom(seed)
  const startMs = performance.now()
  const queue = `faults-${row.name}`
  await declareQueue(world.url, queue)
  const firstJob = lastJob(world) + 1
  const common = { lab, random, jobs: recordedJobs(), burstCount: isShort ? 5_000 : 100_000 }
  await using kept = openReplaySite({
    ...common,
    kind: 'kept',
    writesPerSecond,
    hasOwnClock: row.hasOwnClock ?? false,
  })
  await using forgetful = openReplaySite({
    ...common,
    kind: 'forgetful',
    writesPerSecond: controlWritesPerSecond,
  })
  using naive = openNaiveFollower(lab)
  const prepared = await row.prepare?.(kept)
  const counts = new Map<string, number>()
  const owed = new Map<string, string>()
  try {
    const own = row.hasOwnLives === true ? [] : [kept.start(), forgetful.start()]
    await Promise.all([world.agents('start'), ...own])
    await using load = startRealLoad(lab)
    await until('real jobs', () => load.jobCount() > 0 || undefined, { deadlineMs: 120_000 })
    const pass = (seconds: number) => delay(seconds * 1000)
    await pass(isShort ? 1 : 5)
    const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
    const owe = (fact: string) => owed.set(fact, row.name)
    await row.strike({ world, kept, forgetful, load, random, isShort, pass, owe, count })
    say(`${row.name}: struck after ${secondsSince(startMs)} s`)
    await Promise.all([kept.replay().finish(), forgetful.replay().finish(), load.finish(420_000)])
    const written = {
      recorded: readFacts(kept.queue.directory),
      control: readFacts(forgetful.queue.directory),
      real: new Map([...(await realFacts(world, { row, firstJob })), ...owed]),
    }
    await using collector = await collect(world.url, {
      queue,
      endOrder: orderOf([kept, forgetful]),
      hasNicFacts: row.hasNicFacts ?? false,
    })
    await allArrived(collector, [
      [kept.cluster, written.recorded],
      [world.cluster, written.real],
    ])
    await Promise.all([kept.end('SIGTERM'), forgetful.end('SIGTERM')])
    await quiet(collector, 1000)
    return {
      row,
      isShort,
      seed,
      seconds: Number(secondsSince(startMs)),
      recordedPerSecond: kept.replay().rate(),
      realPerSecond: load.rate(),
      recorded: judge(written.recorded, collector.from(kept.cluster)),
      real: judge(written.real, collector.from(world.cluster)),
      control:
        row.nodes === 1
          ? judge(written.control, collector.from(forgetful.cluster))
          : judge(written.real, { ...collector.from(world.cluster), facts: naive.facts }),
      counts,
    }
  } catch (error) {
    say(`${row.name}: the agent’s last words:\n${kept.log().slice(-2000)}`)
    throw error
  } finally {
    await prepared?.[Symbol.asyncDispose]()
  }
}

/** Why a row does not show what it must; empty when it does. */
export function faultsOf({ row, recorded, real, control }: RowResult): readonly string[] {
  const ours = [recorded, real]
  const list = (what: string, items: readonly string[]) =>
    items.length === 0 ? [] : [`${items.length} ${what}: ${items.slice(0, 5).join('; ')}`]
  return [
    ...ours.flatMap(({ lost }) => list('lost', lost)),
    ...ours.flatMap(({ disorders }) => list('out of order', disorders)),
    ...ours.flatMap(({ clashes }) => list('ids of two facts', clashes)),
    ...ours.flatMap(({ written }) => (written === 0 ? ['there was no load'] : [])),
    ...(row.isSavedByOutbox && control.lost.length === 0
      ? ['without the outbox nothing was lost either: the row shows nothing']
      : []),
  ]
}

function judge(written: Facts, arrivals: Arrivals): Verdict {
  const lost = [...written.keys()].filter((fact) => !arrivals.facts.has(fact))
  return {
    written: written.size,
    arrived: written.size - lost.length,
    lost,
    duplicates: arrivals.duplicates(),
    disorders: arrivals.disorders,
    clashes: arrivals.clashes,
  }
}

/** On any disk in the end, of the jobs from this one on. */
async function realFacts(
  { lab }: World,
  { row, firstJob }: { readonly row: Row; readonly firstJob: number },
): Promise<Facts> {
  const queues = lab.nodes.map((node) => lab.path(node, '/var/lib/ganeti/queue'))
  const facts = queues.flatMap((queue) => [...readFacts(queue)])
  const isNew = (fact: string) => Number(/^job (\d+)/.exec(fact)?.[1]) >= firstJob
  const ofOps = facts.filter(([fact]) => isNew(fact))
  if (row.hasNicFacts !== true) return new Map(ofOps)
  const data = lab.path(await lab.master(), '/var/lib/ganeti')
  const clusterUuid = JSON.parse(readFileSync(path.join(data, 'config.data'), 'utf8')).cluster.uuid
  return new Map([...ofOps, ...readNicFacts(path.join(data, 'queue'), { clusterUuid, firstJob })])
}

function lastJob({ lab }: World): number {
  const serials = lab.nodes.map((node) => {
    try {
      return Number(readFileSync(lab.path(node, '/var/lib/ganeti/queue/serial'), 'utf8'))
    } catch {
      return 0
    }
  })
  return Math.max(...serials)
}

/** Recorded jobs ended in the order of writing, whatever the clock was; real ones when Ganeti says. */
function orderOf(sites: readonly ReplaySite[]): EndOrder {
  return ({ cluster, jobId, opIndex, time }) => {
    const site = sites.find((one) => one.cluster === cluster)
    if (site === undefined)
      return Array.isArray(time) ? Number(time[0]) * 1e6 + Number(time[1]) : undefined
    const order = site.replay().endOrder(jobId)
    return order === undefined ? undefined : order * 1000 + opIndex
  }
}

async function allArrived(
  collector: Collector,
  wanted: readonly (readonly [string, Facts])[],
): Promise<void> {
  const isComplete = () =>
    wanted.every(([cluster, facts]) => {
      const arrived = collector.from(cluster).facts
      return arrived.size >= facts.size && [...facts.keys()].every((fact) => arrived.has(fact))
    })
  await until('all facts', () => isComplete() || collector.quietMs() > givenUpMs || undefined, {
    deadlineMs: 3_600_000,
    everyMs: 200,
  })
}

async function quiet(collector: Collector, ms: number): Promise<void> {
  await until('quiet', () => collector.quietMs() > ms || undefined, { deadlineMs: 600_000 })
}

function secondsSince(startMs: number): string {
  return ((performance.now() - startMs) / 1000).toFixed(1)
}
