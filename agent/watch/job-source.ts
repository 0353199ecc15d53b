import { stat } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Job, JobId } from '#ganeti/job.js'
import { jobOfFileName } from '#ganeti/job-file.js'
import type { FileSignature } from './job-file.js'
import { createJobReader } from './job-reader.js'
import type { KnownJobs } from './known-jobs.js'
import type { QueueNotice } from './queue-notice.js'
import { createQueueScanner, type QueueScanner } from './queue-scan.js'
import { createReadingOrder } from './reading-order.js'
import { openTrigger, type Trigger } from './trigger.js'
import { createWakeup } from './wakeup.js'

/** Settings of a source. */
export interface JobSourceOptions {
  readonly queueDirectory: string
  readonly known: KnownJobs
  /** On a first start: finished jobs whose file is older than this are of no interest. Undefined: all that is new is. */
  readonly baselineSinceMs: number | undefined
  readonly rescanMs: number
  readonly onNotice: (notice: QueueNotice) => void
  /** Does each piece of reading: whoever wants to know whether one hangs. */
  readonly during?: <T>(what: string, work: () => Promise<T>) => Promise<T>
  readonly signal: AbortSignal
}

/** Most jobs handed over at once. */
const batchCount = 256

/** Longest time between two turns of the event loop while small files are read. */
const turnMs = 8

/**
 * Follows the job queue: yields the jobs whose files changed, each as its newest version shows it, in the order in which
 * the changes were noticed (after a scan: in which they were written). Ends when the signal aborts.
 *
 * inotify is only a trigger. What was missed (start, overflow, a replaced directory) is found by rescans: one stat of the
 * directory, and its names are listed only when that changed. The consumer is waited for; meanwhile changes of one job
 * fold into one.
 */
export async function* followJobs(options: JobSourceOptions): AsyncGenerator<readonly Job[]> {
  const { known, rescanMs, onNotice, signal, during = justDo } = options
  const order = createReadingOrder()
  const signatures = new Map<JobId, FileSignature>()
  const scanner = createQueueScanner({ ...options, signatures })
  const wakeup = createWakeup(signal)
  /** Until a scan has looked at all: what is written next must not be read before what could not be. */
  let isBlind = false
  let blindCount = 0
  const readings = createJobReader({
    ...options,
    signatures,
    onBlind: goBlind,
    wake: wakeup.wake,
  })
  const follower = createDirectoryFollower({ ...options, scanner, onName, onReplaced: goBlind })
  let scanning: Promise<void> | undefined
  let nextScanMs = 0

  function goBlind(): void {
    isBlind = true
    blindCount += 1
    nextScanMs = 0
  }

  function onName(name: string): void {
    const id = jobOfFileName(name)
    if (id === undefined || known.isDone(id)) return
    order.notice(id)
    wakeup.wake()
  }

  async function scan(): Promise<void> {
    try {
      if (!(await follower.ensure())) return
      const startedMs = performance.now()
      order.scanBegins()
      const before = blindCount
      const { listedCount, highest, changed, missing, lost } = await scanner.scan(Date.now())
      order.scanEnds(changed)
      if (blindCount === before) isBlind = false // else something went wrong while it looked
      if (missing.length > 0) onNotice({ kind: 'missing-jobs', ranges: missing })
      if (lost.length > 0) onNotice({ kind: 'lost-jobs', ids: lost })
      for (const id of signatures.keys()) if (known.isDone(id)) signatures.delete(id)
      if (listedCount === undefined) return
      const tookMs = performance.now() - startedMs
      onNotice({ kind: 'scanned', listed: listedCount, highest, changed: changed.length, tookMs })
    } catch (error) {
      onNotice({ kind: 'failed', what: 'scan', error })
    } finally {
      nextScanMs = performance.now() + rescanMs
      scanning = undefined
      wakeup.wake()
    }
  }

  /** At most one version of each job, the newest: a job may be noticed again while the batch is being read. */
  async function nextBatch(): Promise<readonly Job[]> {
    const jobs = new Map<JobId, Job>()
    const put = (job: Job | undefined) => {
      if (job === undefined) return
      jobs.delete(job.id)
      jobs.set(job.id, job)
    }
    for (const job of readings.takeLarge()) put(job)
    let turnStartedMs = performance.now()
    while (jobs.size < batchCount && !signal.aborted && !isBlind) {
      const id = order.next()
      if (id === undefined) return [...jobs.values()]
      put(await readings.read(id))
      if (performance.now() - turnStartedMs <= turnMs) continue
      await nextTurn()
      turnStartedMs = performance.now()
    }
    // what was written meanwhile is noticed in this turn; such a job may show what is newer than what still waits: it comes with its next reading
    await nextTurn()
    for (const id of jobs.keys()) if (order.has(id)) jobs.delete(id)
    return [...jobs.values()]
  }

  try {
    await during('looking through the job queue', scan) // the first one before any trigger is followed: what is old comes first
    while (!signal.aborted) {
      if (scanning === undefined && performance.now() >= nextScanMs)
        scanning = during('looking through the job queue', scan)
      const jobs = await during('reading job files', nextBatch)
      if (jobs.length > 0) yield jobs
      else if (order.size() === 0 || isBlind)
        await wakeup.sleep(scanning ? rescanMs : nextScanMs - performance.now())
    }
  } finally {
    await scanning
    await follower.close()
  }
}

function justDo<T>(_what: string, work: () => Promise<T>): Promise<T> {
  return work()
}

/** Keeps a trigger on the directory, also when that is replaced by another one of the same name. */
function createDirectoryFollower({
  queueDirectory,
  scanner,
  onName,
  onNotice,
  onReplaced,
}: {
  readonly queueDirectory: string
  readonly scanner: QueueScanner
  readonly onName: (name: string) => void
  readonly onNotice: (notice: QueueNotice) => void
  /** What was written to it before it was watched nobody has noticed. */
  readonly onReplaced: () => void
}): { ensure(): Promise<boolean>; close(): Promise<void> } {
  let trigger: Trigger | undefined
  let watched: string | undefined
  let isMissingTold = false

  return {
    async ensure() {
      const identity = await directoryIdentity(queueDirectory)
      if (identity === undefined) {
        if (!isMissingTold) onNotice({ kind: 'missing-directory', directory: queueDirectory })
        isMissingTold = true
        return false
      }
      isMissingTold = false
      if (trigger !== undefined && identity === watched) return true
      const startedMs = performance.now()
      await trigger?.close()
      watched = identity
      onReplaced()
      trigger = await openTrigger(queueDirectory, onName, (error) => {
        watched = undefined
        onNotice({ kind: 'failed', what: 'trigger', error })
      })
      scanner.forget()
      onNotice({
        kind: 'watching',
        directory: queueDirectory,
        tookMs: performance.now() - startedMs,
      })
      return true
    },
    async close() {
      await trigger?.close()
    },
  }
}

async function directoryIdentity(directory: string): Promise<string | undefined> {
  try {
    const { dev, ino, birthtimeMs } = await stat(directory) // a new one often gets the number of the old
    return `${dev}.${ino}.${birthtimeMs}`
  } catch {
    return undefined
  }
}
