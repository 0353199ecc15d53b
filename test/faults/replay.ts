import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../fuzz/random.js'
import type { TestQueue } from '../support/job-queue.js'
import { type RecordedJob, retell } from './recorded-jobs.js'

/** Recorded jobs that are written anew, all the time, as Ganeti writes them. */
export interface Replay extends AsyncDisposable {
  readonly writeCount: () => number
  /** Writes per second while it wrote at full speed. */
  readonly rate: () => number
  /** How many jobs ended before this one did; a job that has not ended has none. */
  readonly endOrder: (jobId: number) => number | undefined
  /** Writes nothing until `go`; nothing is half-written when this resolves. */
  readonly pause: () => Promise<void>
  readonly go: () => void
  /** Brings what was begun to its end and writes no more. */
  readonly finish: () => Promise<void>
}

/** What is replayed, where to and how fast. */
export interface ReplayOptions {
  readonly queue: TestQueue
  readonly jobs: readonly RecordedJob[]
  readonly writesPerSecond: number
  /** After so many writes it goes on at a tenth of that: a row that lasts longer than it should must still come to an end. */
  readonly burstCount: number
  readonly random: Random
  /** What the clock of the node shows, when it is not that of this host. */
  readonly nowMs?: () => number
}

/** So many instances have jobs at a time. */
const instanceCount = 40

/** How often it writes. */
const turnMs = 10

interface Telling {
  readonly id: number
  readonly job: RecordedJob
  readonly times: Map<string, readonly [number, number]>
  next: number
}

/**
 * Starts to write. Each instance has one job that runs and one that is queued behind it, for Ganeti locks instances: their jobs end in the
 * order in which the last versions are written. Time stamps are those of the writing, so many as in the recording.
 */
export function startReplay(options: ReplayOptions): Replay {
  const { queue, jobs, writesPerSecond, burstCount, random, nowMs = Date.now } = options
  const lanes = Array.from({ length: instanceCount }, (_, lane) => ({
    instance: `web${lane}-vm.replay.example`,
    running: undefined as Telling | undefined,
    queued: undefined as Telling | undefined,
  }))
  const ends = new Map<number, number>()
  let nextId = 1
  let writes = 0
  let busyMs = 0
  let lastMicros = 0
  let state: 'writing' | 'paused' | 'ending' | 'ended' = 'writing'

  function begin(): Telling {
    // luxid notes the highest number; without it nobody could tell that there is more in the archive
    writeFileSync(path.join(queue.directory, 'serial'), `${nextId}\n`)
    return { id: nextId++, job: random.pick(jobs), times: new Map(), next: 0 }
  }

  /** A new time stamp for one that the recording has; no two are the same. */
  function stamp(times: Telling['times'], recorded: string): readonly [number, number] {
    const known = times.get(recorded)
    if (known !== undefined) return known
    const micros = Math.round(nowMs() * 1000)
    lastMicros = micros > lastMicros || micros < lastMicros - 1e6 ? micros : lastMicros + 1
    const time = [Math.floor(lastMicros / 1e6), lastMicros % 1e6] as const
    times.set(recorded, time)
    return time
  }

  function write(telling: Telling, instance: string): void {
    const { id, job, times, next } = telling
    const version = job.versions[next]
    if (version === undefined) return
    const text = retell(version, { id, instance, timeOf: (recorded) => stamp(times, recorded) })
    const seconds = nowMs() / 1000
    const isSet = Math.abs(seconds - Date.now() / 1000) > 1
    queue.write(id, text, isSet ? seconds : undefined)
    telling.next += 1
    writes += 1
    if (telling.next === job.versions.length) ends.set(id, ends.size)
  }

  function step(lane: (typeof lanes)[number]): void {
    lane.running ??= begin()
    const { running, instance } = lane
    const left = running.job.versions.length - running.next
    if (left === 1 && lane.queued === undefined && state !== 'ending') {
      lane.queued = begin()
      return write(lane.queued, instance)
    }
    write(running, instance)
    if (left > 1) return
    lane.running = lane.queued
    lane.queued = undefined
  }

  async function run(): Promise<void> {
    let last = performance.now()
    let due = 0
    let turn = 0
    while (state !== 'ended') {
      const now = performance.now()
      if (state === 'writing' || state === 'ending') {
        const isBurst = writes < burstCount
        if (isBurst) busyMs += now - last
        const perSecond = isBurst ? writesPerSecond : writesPerSecond / 10
        due = Math.min(due + ((now - last) * perSecond) / 1000, writesPerSecond / 4)
      }
      last = now
      const live = lanes.filter((lane) => state !== 'ending' || lane.running !== undefined)
      if (live.length === 0) state = 'ended'
      for (; due >= 1 && state !== 'paused' && live.length > 0; due--) {
        const lane = live[turn++ % live.length]
        if (lane !== undefined && (state !== 'ending' || lane.running !== undefined)) step(lane)
      }
      await delay(turnMs)
    }
  }

  const running = run()
  const finish = async (): Promise<void> => {
    if (state !== 'ended') state = 'ending'
    await running
  }
  return {
    writeCount: () => writes,
    rate: () => (busyMs === 0 ? 0 : (Math.min(writes, burstCount) * 1000) / busyMs),
    endOrder: (jobId) => ends.get(jobId),
    async pause() {
      state = 'paused' // every write is done in one turn of the event loop
    },
    go() {
      if (state === 'paused') state = 'writing'
    },
    finish,
    async [Symbol.asyncDispose]() {
      state = 'ended'
      await running
    },
  }
}
