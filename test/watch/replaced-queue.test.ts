import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, watch } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { createLedger } from '#progress/ledger.js'
import { followJobs } from '#watch/job-source.js'
import { jobFile } from '../support/job.js'
import { createTestQueue } from '../support/job-queue.js'
import { until } from '../support/until.js'

t.test('a queue that was made anew is watched anew, also under its old inode', async (t) => {
  const directory = path.join(t.testdir(), 'queue')
  mkdirSync(directory)
  const stop = new AbortController()
  let watchingCount = 0
  const jobs = followJobs({
    queueDirectory: directory,
    known: createLedger(),
    baselineSinceMs: undefined,
    rescanMs: 50,
    onNotice: ({ kind }) => {
      if (kind === 'watching') watchingCount++
    },
    signal: stop.signal,
  })
  const consumed = (async () => {
    for await (const batch of jobs) t.equal(batch.length, 0)
  })()
  await until('the first watch', () => (watchingCount === 1 ? true : undefined))
  rmSync(directory, { recursive: true })
  mkdirSync(directory)
  await until('the second watch', () => (watchingCount === 2 ? true : undefined))
  stop.abort()
  await consumed
})

t.test(
  'what was written to a new queue before it was watched is read before what is written while it is looked through',
  async (t) => {
    const directory = path.join(t.testdir(), 'queue')
    const queue = createTestQueue(directory)
    const stop = new AbortController()
    const ended: number[] = []
    const end = (id: number) =>
      queue.write(id, jobFile(id, [{ status: 'success', start: 110, exec: 111, end: 120 }], 120))
    const serial = path.join(directory, 'serial')
    let watchingCount = 0
    let readingCount = 0
    const jobs = followJobs({
      queueDirectory: directory,
      known: createLedger(),
      baselineSinceMs: undefined,
      rescanMs: 50,
      async during(what, work) {
        const done = await work()
        if (what === 'reading job files') readingCount++
        return done
      },
      onNotice: ({ kind }) => {
        if (kind !== 'watching' || ++watchingCount !== 2) return
        // the look at it that follows stops here, with the names in its hand, until somebody writes
        execFileSync('mkfifo', [serial])
      },
      signal: stop.signal,
    })
    const consumed = (async () => {
      for await (const batch of jobs) for (const { id } of batch) ended.push(id)
    })()
    await until('the first watch', () => (watchingCount === 1 ? true : undefined))
    renameSync(directory, `${directory}.old`)
    mkdirSync(directory)
    end(1)
    await until('the second watch', () => (watchingCount === 2 ? true : undefined))
    const watcher = watch(directory)
    t.teardown(() => watcher.close())
    const noticed = new Promise<void>((resolve) => {
      watcher.on('change', (_, name) => name === 'job-2' && resolve())
    })
    end(2)
    await noticed
    const before = readingCount // one may be under way, and a job that is told of twice comes with the next
    await until('a look at what was noticed', () => readingCount > before + 5 || undefined)
    await writeFile(serial, '2\n')
    rmSync(serial)
    await until('both ends', () => (ended.length === 2 ? true : undefined))
    t.strictSame(ended, [1, 2])
    stop.abort()
    await consumed
  },
)

t.test(
  'what is behind a file that is gone while the queue is being replaced waits for it',
  async (t) => {
    const directory = path.join(t.testdir(), 'queue')
    const old = `${directory}.old`
    const queue = createTestQueue(directory)
    const write = (id: number, status: 'queued' | 'success') =>
      queue.write(id, jobFile(id, [{ status, start: 110, exec: 111, end: 120 }], 120))
    const stop = new AbortController()
    const ledger = createLedger()
    const ended: number[] = []
    let watchingCount = 0
    const replace = () => {
      renameSync(directory, old)
      mkdirSync(directory)
      renameSync(path.join(old, 'job-2'), path.join(directory, 'job-2'))
    }
    write(1, 'queued')
    write(2, 'queued')
    const jobs = followJobs({
      queueDirectory: directory,
      known: ledger,
      baselineSinceMs: undefined,
      rescanMs: 50,
      onNotice: ({ kind }) => {
        if (kind === 'watching') watchingCount++
        if (kind === 'vanished') renameSync(path.join(old, 'job-1'), path.join(directory, 'job-1'))
      },
      signal: stop.signal,
    })
    const first = await jobs.next()
    for (const job of first.value ?? []) ledger.record(job, ledger.news(job))
    await until('the first watch', () => (watchingCount === 1 ? true : undefined))
    const watcher = watch(directory)
    t.teardown(() => watcher.close())
    const noticed = new Promise<void>((resolve) => {
      watcher.on('change', (_, name) => name === 'job-2' && resolve())
    })
    write(1, 'success')
    write(2, 'success')
    await noticed
    replace()
    for await (const batch of jobs) {
      for (const { id, ops } of batch) if (ops[0]?.status === 'success') ended.push(id)
      if (ended.length === 2) stop.abort()
    }
    t.strictSame(ended, [1, 2])
  },
)
