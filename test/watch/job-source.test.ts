import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { Job } from '#ganeti/job.js'
import { createLedger, type Ledger } from '#progress/ledger.js'
import { followJobs } from '#watch/job-source.js'
import type { QueueNotice } from '#watch/queue-notice.js'
import { jobFile } from '../support/job.js'
import { createTestQueue, type TestQueue } from '../support/job-queue.js'

const queued = (id: number) => jobFile(id, [{ status: 'queued' }])
const running = (id: number) => jobFile(id, [{ status: 'running', start: 110, exec: 111 }])
const success = (id: number) =>
  jobFile(id, [{ status: 'success', start: 110, exec: 111, end: 120 }], 120)

/** A running source whose jobs are recorded in a ledger as the queue task would do it. */
interface Run {
  readonly ledger: Ledger
  readonly notices: readonly QueueNotice[]
  /** Resolves when this many versions were handed over since the start: `id:status`. */
  seen(count: number): Promise<readonly string[]>
  /** Resolves with the first notice of this kind. */
  noticed(kind: QueueNotice['kind']): Promise<QueueNotice>
  stop(): Promise<void>
}

function run(
  queue: Pick<TestQueue, 'directory'>,
  {
    ledger = createLedger(),
    baselineSinceMs,
    rescanMs = 60_000,
  }: {
    readonly ledger?: Ledger
    readonly baselineSinceMs?: number
    readonly rescanMs?: number
  } = {},
): Run {
  const stop = new AbortController()
  const seen: string[] = []
  const notices: QueueNotice[] = []
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const check of waiting) check()
  }
  const until = <T>(read: () => T | undefined) =>
    new Promise<T>((resolve) => {
      const check = () => {
        const value = read()
        if (value === undefined) return
        waiting.delete(check)
        resolve(value)
      }
      waiting.add(check)
      check()
    })
  const consume = async () => {
    const options = {
      queueDirectory: queue.directory,
      known: ledger,
      baselineSinceMs,
      rescanMs,
      onNotice: (notice: QueueNotice) => {
        notices.push(notice)
        wake()
      },
      signal: stop.signal,
    }
    for await (const jobs of followJobs(options)) {
      for (const job of jobs) {
        ledger.record(job, ledger.news(job))
        seen.push(`${job.id}:${statusOf(job)}`)
      }
      wake()
    }
  }
  const done = consume()
  return {
    ledger,
    notices,
    seen: (count) => until(() => (seen.length >= count ? [...seen] : undefined)),
    noticed: (kind) => until(() => notices.find((notice) => notice.kind === kind)),
    async stop() {
      stop.abort()
      await done
    },
  }
}

const statusOf = (job: Job) => job.ops[0]?.status ?? ''

t.test('reads what is there at the start, oldest version first, then what changes', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  queue.write(2, success(2))
  queue.write(1, running(1))
  utimesSync(path.join(queue.directory, 'job-1'), 1000, 1000)
  const source = run(queue)
  t.strictSame(await source.seen(2), ['1:running', '2:success'])
  queue.write(1, success(1))
  t.strictSame((await source.seen(3)).slice(2), ['1:success'])
  await source.stop()
})

t.test('temporary names and bookkeeping are no jobs, even when they look like one', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  for (const name of [
    'serial',
    'lock',
    'version',
    'drain',
    'job-18-160-69.tmp',
    'job-1884wo9riz.new',
  ]) {
    writeFileSync(path.join(queue.directory, name), JSON.stringify(success(1884)))
  }
  const source = run(queue)
  await source.noticed('watching')
  writeFileSync(path.join(queue.directory, 'job-99abcdefgh.new'), JSON.stringify(success(99)))
  queue.write(5, success(5))
  t.strictSame(await source.seen(1), ['5:success'])
  await source.stop()
})

t.test('a first start tells unfinished and recent jobs only', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  for (const id of [1, 2, 3]) queue.write(id, id === 2 ? running(id) : success(id))
  for (const id of [1, 2]) utimesSync(path.join(queue.directory, `job-${id}`), 1000, 1000)
  const source = run(queue, { baselineSinceMs: Date.now() - 3_600_000 })
  t.strictSame(await source.seen(2), ['2:running', '3:success'])
  t.strictSame(source.ledger.snapshot().done, [
    [1, 1],
    [3, 3],
  ])
  await source.stop()
})

t.test('jobs that were archived while nobody looked are read from the archive', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  queue.write(1, running(1))
  const first = run(queue)
  await first.seen(1)
  await first.stop()
  queue.write(1, success(1))
  queue.write(2, success(2))
  queue.write(3, queued(3))
  queue.archive(1)
  queue.archive(2)
  const second = run(queue, { ledger: first.ledger })
  t.strictSame([...(await second.seen(3))].sort(), ['1:success', '2:success', '3:queued'])
  await second.stop()
})

t.test('a job that is archived between the event and the read is read all the same', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  const source = run(queue)
  await source.noticed('watching')
  queue.write(7, success(7))
  queue.archive(7) // in the same turn: the source has no chance to read in between
  t.strictSame(await source.seen(1), ['7:success'])
  await source.stop()
})

t.test('what inotify never told is found by the next scan', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  queue.write(1, queued(1))
  const source = run(queue, { rescanMs: 50 })
  await source.seen(1)
  const hidden = path.join(t.testdirName, 'hidden')
  const aside = path.join(t.testdirName, 'aside')
  // another directory takes the name of the watched one: the watch stays with the old inode
  const other = createTestQueue(hidden)
  other.write(1, running(1))
  other.write(2, success(2))
  renameSync(queue.directory, aside)
  renameSync(hidden, queue.directory)
  t.strictSame([...(await source.seen(3))].sort(), ['1:queued', '1:running', '2:success'])
  await source.stop()
})

t.test('a missing queue directory is said once and waited for', async (t) => {
  const directory = path.join(t.testdir(), 'queue')
  const source = run({ directory }, { rescanMs: 20 })
  await source.noticed('missing-directory')
  const queue = createTestQueue(directory)
  queue.write(1, success(1))
  t.strictSame(await source.seen(1), ['1:success'])
  t.equal(source.notices.filter(({ kind }) => kind === 'missing-directory').length, 1)
  await source.stop()
})

const unusable: readonly { name: string; content: string | Uint8Array }[] = [
  { name: 'empty', content: '' },
  { name: 'truncated', content: JSON.stringify(success(1)).slice(0, 40) },
  { name: 'not JSON', content: 'hello' },
  { name: 'neither JSON nor UTF-8', content: Uint8Array.from([0xff, 0xfe, 0x00, 0x80]) },
  { name: 'no job', content: '{"id":1}' },
]

for (const c of unusable) {
  t.test(
    `a file that is ${c.name} is noted once, harms nobody, and is read when it gets better`,
    async (t) => {
      const queue = createTestQueue(path.join(t.testdir(), 'queue'))
      queue.write(1, c.content)
      const source = run(queue, { rescanMs: 20 })
      await source.noticed('unusable')
      queue.write(2, success(2))
      await source.seen(1)
      queue.write(1, success(1))
      t.strictSame(await source.seen(2), ['2:success', '1:success'])
      t.equal(source.notices.filter(({ kind }) => kind === 'unusable').length, 1)
      await source.stop()
    },
  )
}

t.test('a file that may not be read is noted once and read when its mode changes', async (t) => {
  await withoutRoot(t, async (directory) => {
    const queue = createTestQueue(path.join(directory, 'queue'))
    queue.write(1, success(1))
    const file = path.join(queue.directory, 'job-1')
    chmodSync(file, 0o000)
    const source = run(queue, { rescanMs: 20 })
    t.match(await source.noticed('unusable'), { reading: { kind: 'unreadable', code: 'EACCES' } })
    chmodSync(file, 0o644)
    t.strictSame(await source.seen(1), ['1:success'])
    t.equal(source.notices.filter(({ kind }) => kind === 'unusable').length, 1)
    await source.stop()
  })
})

t.test(
  'a directory that was unreadable: what is written next came before what had been written meanwhile',
  { skip: process.getuid?.() === 0 ? false : 'another user must write what ours cannot read' },
  async (t) => {
    await withoutRoot(t, async (directory) => {
      const queue = createTestQueue(path.join(directory, 'queue'))
      queue.write(1, running(1))
      const source = run(queue, { rescanMs: 500 })
      await source.seen(1)
      asRoot(() => {
        chmodSync(queue.directory, 0o000)
        queue.write(1, success(1))
      })
      await source.noticed('unusable')
      asRoot(() => {
        chmodSync(queue.directory, 0o755)
        queue.write(2, success(2))
      })
      t.strictSame(await source.seen(3), ['1:running', '1:success', '2:success'])
      await source.stop()
    })
  },
)

t.test('a file that is a directory is noted and harms nobody', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  mkdirSync(path.join(queue.directory, 'job-1'))
  queue.write(2, success(2))
  const source = run(queue)
  t.strictSame(await source.seen(1), ['2:success'])
  t.match(await source.noticed('unusable'), {
    id: 1,
    reading: { kind: 'unreadable', code: 'EISDIR' },
  })
  await source.stop()
})

t.test('a large file is read aside: small ones that come later are not kept waiting', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  const line = [1, [1, 2], 'message', 'x'.repeat(4000)]
  const large = jobFile(
    1,
    [{ status: 'success', start: 110, exec: 111, end: 120, log: new Array(5000).fill(line) }],
    120,
  )
  queue.write(1, large) // 20 MB
  queue.write(2, success(2))
  const source = run(queue)
  t.strictSame(await source.seen(2), ['2:success', '1:success'])
  await source.stop()
})

t.test('a job whose file vanished is said once and stays open', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  queue.write(1, running(1))
  const source = run(queue, { rescanMs: 20 })
  await source.seen(1)
  queue.remove(1)
  await source.noticed('vanished')
  queue.write(1, success(1))
  t.strictSame(await source.seen(2), ['1:running', '1:success'])
  t.equal(source.notices.filter(({ kind }) => kind === 'vanished').length, 1)
  await source.stop()
})

/** What Ganeti does meanwhile, whose permissions are others. */
function asRoot(work: () => void): void {
  const user = process.geteuid?.()
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid?.(0)
  try {
    work()
  } finally {
    if (isRoot && user !== undefined) process.seteuid?.(user)
  }
}

/** Permissions mean nothing to root, so root becomes nobody for a while, in a directory that nobody may use. */
async function withoutRoot(t: Test, work: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'okeanid-test-'))
  chmodSync(directory, 0o777)
  t.teardown(() => rmSync(directory, { recursive: true }))
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  try {
    await work(directory)
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
}
