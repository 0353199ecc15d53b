import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { createLedger } from '#progress/ledger.js'
import { createQueueScanner } from '#watch/queue-scan.js'
import { jobFile } from '../support/job.js'
import { createTestQueue } from '../support/job-queue.js'

const success = (id: number, log: readonly unknown[] = []) =>
  jobFile(id, [{ status: 'success', start: 110, exec: 111, end: 120, log }], 120)

/** Ids that one scan wants to be read. */
async function changed(directory: string, ledger = createLedger(), baselineSinceMs?: number) {
  const signatures = new Map()
  const options = { queueDirectory: directory, known: ledger, signatures, baselineSinceMs }
  return (await createQueueScanner(options).scan(Date.now())).changed
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
