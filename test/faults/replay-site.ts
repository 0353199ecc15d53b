import { once } from 'node:events'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Random } from '../fuzz/random.js'
import type { Lab } from '../lab/lab.js'
import { openStage, type Stage } from '../support/agent.js'
import { createTestQueue, type TestQueue } from '../support/job-queue.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import type { CrashPlan } from './crash-points.js'
import type { RecordedJob } from './recorded-jobs.js'
import { type Replay, startReplay } from './replay.js'

/** A queue directory of the matrix, into which recorded jobs are written, and its agent in the hub's network. */
export interface ReplaySite extends AsyncDisposable {
  readonly cluster: string
  readonly stage: Stage
  /** The agent's state directory. */
  readonly state: string
  readonly queue: TestQueue
  /** What writes. Open from `begin` on. */
  readonly replay: () => Replay
  /** Starts the agent; resolves when it follows the queue, or has died before. */
  readonly start: (plan?: CrashPlan) => Promise<void>
  /** Sends a signal to the agent and waits until it is gone; nothing when it is gone already. */
  readonly end: (signal: NodeJS.Signals) => Promise<void>
  /** Whether the agent ends by itself within this time; the point at which it said that it dies. */
  readonly died: (withinMs: number) => Promise<boolean>
  readonly lastCrashPoint: () => string | undefined
  /** What the agent's lives said so far. */
  readonly log: () => string
  /** Waits for a line of its log that comes from now on. */
  readonly logs: (pattern: RegExp, deadlineMs?: number) => Promise<void>
  /** Seconds by which the agent's and the writer's clock is off. */
  readonly stepClock: (seconds: number) => void
}

/** What a site is like. */
export interface ReplaySiteOptions {
  readonly lab: Lab
  readonly kind: 'kept' | 'forgetful'
  readonly jobs: readonly RecordedJob[]
  readonly writesPerSecond: number
  readonly burstCount: number
  readonly random: Random
  /** The agent runs under libfaketime, so that its clock can be stepped. */
  readonly hasOwnClock?: boolean
}

const program = fileURLToPath(new URL('agent.js', import.meta.url))

/** Makes the site; the load begins at once, the agent does not. */
export function openReplaySite(options: ReplaySiteOptions): ReplaySite {
  const { lab, kind, hasOwnClock = false } = options
  const cluster = `${kind}.replay.example`
  const uuid = `00000000-0000-4000-8000-00000000000${kind === 'kept' ? 1 : 2}`
  const state = temporaryFolder(kind)
  // a thousand new files a second are much for a disk that others use too; what the agent keeps is on the disk
  const memory = temporaryFolder(kind, existsSync('/dev/shm') ? '/dev/shm' : tmpdir())
  const stage = openStage(lab.brokerUrl, {
    parent: memory,
    state,
    rescan: '1s',
    cluster: { name: cluster, uuid },
    segment: '64K', // small, so that a row begins many
  })
  // its instances are in no configuration, which is always newer than their ops: nothing has to be waited for
  writeFileSync(
    path.join(stage.queueDirectory, '../config.data'),
    JSON.stringify({ cluster: { uuid }, mtime: 4e9, instances: {}, disks: {}, networks: {} }),
  )
  const queue = createTestQueue(stage.queueDirectory)
  const clockFile = path.join(stage.directory, 'clock')
  let offsetSeconds = 0
  const nowMs = () => Date.now() + offsetSeconds * 1000
  const setClock = () =>
    writeFileSync(clockFile, `${offsetSeconds < 0 ? '' : '+'}${offsetSeconds}\n`)
  setClock()
  const replay = startReplay({ ...options, queue, nowMs })
  let child: ReturnType<Lab['hubSpawn']> | undefined
  let log = ''
  const hasEnded = () => child === undefined || child.exitCode !== null || child.signalCode !== null

  async function ended(): Promise<void> {
    if (child !== undefined && !hasEnded()) await once(child, 'exit')
  }

  return {
    cluster,
    stage,
    state,
    queue,
    replay: () => replay,
    async start(plan) {
      const from = log.length
      child = lab.hubSpawn([
        ...confinement,
        ...['env', '-i', `PATH=${process.env['PATH']}`],
        ...(hasOwnClock ? ownClock(clockFile) : []),
        ...[process.execPath, '--max-semi-space-size=1', program, stage.configFile, kind],
        ...(plan === undefined ? [] : [`${plan.point}:${plan.passing}`]),
      ])
      const isStarted = () => /watching directory=\S*queue/.test(log.slice(from)) || hasEnded()
      child.stderr.on('data', (part) => {
        log += String(part)
      })
      child.stdout.resume()
      await until(`the start of ${cluster}`, () => isStarted() || undefined, {
        deadlineMs: 600_000,
      })
    },
    async end(signal) {
      if (!hasEnded()) child?.kill(signal)
      await ended()
    },
    async died(withinMs) {
      const isDead = () => hasEnded() || undefined
      return await until('', isDead, { deadlineMs: withinMs }).catch(() => false)
    },
    lastCrashPoint: () => [...log.matchAll(/^crash-point (\S+)$/gm)].at(-1)?.[1],
    log: () => log,
    async logs(pattern, deadlineMs = 600_000) {
      const from = log.length
      const isThere = () => pattern.test(log.slice(from)) || undefined
      await until(`${pattern} of ${cluster}`, isThere, { deadlineMs })
    },
    stepClock(seconds) {
      offsetSeconds = seconds
      setClock()
    },
    async [Symbol.asyncDispose]() {
      await replay[Symbol.asyncDispose]()
      if (!hasEnded()) child?.kill('SIGKILL')
      await ended()
      for (const folder of [memory, state]) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** As root, but bound to the modes of files; it ends with us. */
const confinement = [
  'setpriv',
  '--pdeathsig=KILL',
  '--inh-caps=-all',
  '--bounding-set=-dac_override,-dac_read_search',
]

/** libfaketime reads the offset from a file; monotonic clocks go on as they do when the time of day is set. */
function ownClock(clockFile: string): readonly string[] {
  return [
    `LD_PRELOAD=${fakeTimeLibrary}`,
    `FAKETIME_TIMESTAMP_FILE=${clockFile}`,
    'FAKETIME_NO_CACHE=1', // or the agent's clock would step up to a second later than the times of files
    'DONT_FAKE_MONOTONIC=1',
    'FAKETIME_DONT_FAKE_MONOTONIC=1',
    'NO_FAKE_STAT=1',
  ]
}

/** Debian's; `$LIB` is the loader's own word for the folder of this architecture. */
export const fakeTimeLibrary = '/usr/$LIB/faketime/libfaketimeMT.so.1'
