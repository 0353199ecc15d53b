import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import type { JobId } from '#ganeti/job.js'
import { createLedger } from '#progress/ledger.js'
import { createQueueScanner } from '#watch/queue-scan.js'
import { jobFile, jobOf } from '../support/job.js'
import { createTestQueue } from '../support/job-queue.js'

const success = (id: number, log: readonly unknown[] = []) =>
  jobFile(id, [{ status: 'success', start: 110, exec: 111, end: 120, log }], 120)

/** Ids that one scan wants to be read. */
async function changed(directory: string, ledger = createLedger(), baselineSinceMs?: number) {
  const signatures = new Map()
  const options = { queueDirectory: directory, known: ledger, signatures, baselineSinceMs }
  return (await createQueueScanner(options).scan(Date.now())).changed.map(({ id }) => id)
}

t.test('jobs that were all archived while nobody looked are found', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  for (const id of [1, 2]) queue.write(id, success(id))
  for (const id of [1, 2]) queue.archive(id)
  writeFileSync(path.join(queue.directory, 'serial'), '2\n')
  t.strictSame([...(await changed(queue.directory))].sort(), [1, 2])
})

t.test('a first start never tells the archive, also when the queue is empty', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  queue.write(10_001, success(10_001))
  queue.archive(10_001)
  writeFileSync(path.join(queue.directory, 'serial'), '10001\n')
  const ledger = createLedger()
  t.strictSame(await changed(queue.directory, ledger, Date.now()), [])
  t.equal(ledger.highest(), 10_001)
})

t.test('a file name with an enormous number does not stop the scan', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  queue.write(Number.MAX_SAFE_INTEGER, success(1))
  t.strictSame(await changed(queue.directory), [Number.MAX_SAFE_INTEGER])
})

t.test('a first start does not tell an old finished job because its file is large', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  mkdirSync(queue.directory, { recursive: true })
  queue.write(1, success(1, [[1, [110, 0], 'message', 'x'.repeat(300_000)]]))
  utimesSync(path.join(queue.directory, 'job-1'), 1000, 1000)
  t.strictSame(await changed(queue.directory, createLedger(), Date.now()), [])
})

t.test('a job below the highest that was seen is found in the archive', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  const ledger = createLedger()
  const seen = jobOf(success(12))
  ledger.record(seen, ledger.news(seen)) // 11 was written later; then the agent was killed
  for (const id of [11, 12]) queue.write(id, success(id))
  for (const id of [11, 12]) queue.archive(id)
  writeFileSync(path.join(queue.directory, 'serial'), '12\n')
  t.strictSame(await changed(queue.directory, ledger), [11])
})

for (const hours of [-1, 1]) {
  t.test(`nothing is missed when the clock is stepped by ${hours} h`, async (t) => {
    const queue = createTestQueue(path.join(t.testdir(), 'queue'))
    const ledger = createLedger()
    const signatures = new Map<JobId, string>()
    const options = { queueDirectory: queue.directory, known: ledger, signatures }
    const scanner = createQueueScanner({ ...options, baselineSinceMs: Date.now() - 3_600_000 })
    const nowMs = Date.now() + hours * 3_600_000
    await scanner.scan(Date.now())
    for (const id of [1, 2, 3]) {
      queue.write(id, success(id))
      utimesSync(path.join(queue.directory, `job-${id}`), nowMs / 1000, nowMs / 1000)
      if (id === 2) queue.archive(id)
    }
    t.strictSame((await scanner.scan(nowMs)).changed.map(({ id }) => id).sort(), [1, 2, 3])
    queue.write(3, success(3)) // the same size and age, and a new version all the same
    t.ok((await scanner.scan(nowMs)).changed.some(({ id }) => id === 3))
  })
}

t.test('a new candidate’s first start closes nothing that may still end', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  queue.write(5000, success(5000))
  const ledger = createLedger()
  await changed(queue.directory, ledger, Date.now() - 3_600_000)
  queue.write(17, success(17)) // queued before this node was a candidate
  t.strictSame([...(await changed(queue.directory, ledger))].sort(), [17, 5000])
})

t.test('files that cannot be listed are no reason to give up what must be told', async (t) => {
  const directory = path.join(t.testdir(), 'queue')
  const queue = createTestQueue(directory)
  const ledger = createLedger()
  ledger.hold(jobOf(success(3)))
  ledger.release()
  const options = { queueDirectory: directory, known: ledger, signatures: new Map() }
  const scanner = createQueueScanner({ ...options, baselineSinceMs: undefined })
  t.strictSame((await scanner.scan(Date.now())).lost, [], 'an empty directory took its place')
  queue.write(4, success(4))
  t.strictSame((await scanner.scan(Date.now())).lost, [3], 'the others are there, this one is not')
})
