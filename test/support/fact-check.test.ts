import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { type DiskFact, readDiskFacts, unionOfDisks } from './disk-facts.js'
import { checkFacts } from './fact-check.js'
import type { Received } from './inbox.js'
import { jobFile } from './job.js'
import { createTestQueue } from './job-queue.js'

const cluster = { name: 'c', uuid: 'u', prefixes: new Map<string, string>() }

const success = (id: number, end: number) =>
  jobFile(id, [{ status: 'success', start: 110, exec: 111, end }], end)

/** The message that tells a fact, from a node. */
function telling(fact: DiskFact, node: string, seconds: number): Received {
  const { messageId, routingKey, jobId, status } = fact
  const isOp = messageId.startsWith('op.')
  const type = isOp ? 'ganeti-op-status' : 'ganeti-job-status'
  const body = { type, jobId, status, instance: 'vm1.example', event_time: [seconds, 0] }
  return { routingKey, messageId, headers: { node }, body, arrivedMs: 0 }
}

t.test('finds final statuses in the queue and in the archive, on each disk, once', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  queue.write(1, success(1, 120))
  queue.archive(1)
  queue.write(2, success(2, 130))
  queue.write(3, jobFile(3, [{ status: 'running', start: 110, exec: 111 }]))
  writeFileSync(path.join(queue.directory, 'job-4'), 'no job')
  const facts = readDiskFacts(queue.directory, { cluster, node: 'n1' })
  t.strictSame([...facts.values()].map(({ messageId }) => messageId).sort(), [
    'job.u.1.1s',
    'job.u.2.1s',
    'op.u.1.0.success.120.0',
    'op.u.2.0.success.130.0',
  ])
  const union = unionOfDisks([facts, readDiskFacts(queue.directory, { cluster, node: 'n2' })])
  t.equal(union.size, 4)
  t.strictSame([...union.values()][0]?.nodes, ['n1', 'n2'])
})

t.test('says what is lost, repeated, and out of order', async (t) => {
  const queue = createTestQueue(path.join(t.testdir(), 'queue'))
  for (const id of [1, 2, 3]) queue.write(id, success(id, 120 + id))
  const facts = readDiskFacts(queue.directory, { cluster, node: 'n1' })
  const [one, two, three] = [...facts.values()].filter(({ messageId }) =>
    messageId.startsWith('op.'),
  )
  if (!one || !two || !three) throw new Error('facts')
  const received = [telling(two, 'n1', 122), telling(one, 'n1', 121), telling(one, 'n2', 121)]
  const check = checkFacts(facts, received)
  t.equal(check.written, 6)
  t.equal(check.arrived, 2)
  t.equal(check.lost.length, 4)
  t.equal(check.duplicateCount, 1)
  t.strictSame(check.clashes, [])
  t.strictSame(check.disorders, [
    'n1 vm1.example: op.u.2.0.success.122.0 before op.u.1.0.success.121.0',
  ])
  const lied = { ...telling(one, 'n2', 121), routingKey: 'other' }
  t.equal(checkFacts(facts, [...received, lied]).clashes.length, 1)
})
