import path from 'node:path'
import t from 'tap'
import { createLedger } from '#progress/ledger.js'
import { followJobs } from '#watch/job-source.js'
import { jobFile } from '../support/job.js'
import { createTestQueue } from '../support/job-queue.js'
import { until } from '../support/until.js'

const ended = (id: number) =>
  jobFile(id, [{ status: 'success', start: 110, exec: 111, end: 120 }], 120)

/** More than are read in one go, so that some still wait when a scan ends. */
const waitingCount = 600

t.test(
  'a clock that was set back while files waited to be read put later ends before earlier ones',
  async (t) => {
    const queue = createTestQueue(path.join(t.testdir(), 'queue'))
    const stop = new AbortController()
    const ledger = createLedger()
    let highestNoticed = 0
    const write = (id: number, seconds: number) => queue.write(id, ended(id), seconds)
    const jobs = followJobs({
      queueDirectory: queue.directory,
      known: {
        ...ledger,
        isDone(id) {
          highestNoticed = Math.max(highestNoticed, id)
          return ledger.isDone(id)
        },
      },
      baselineSinceMs: undefined,
      rescanMs: 1,
      onNotice: () => undefined,
      signal: stop.signal,
    })
    write(1, 5000)
    const order: number[] = []
    for await (const batch of jobs) {
      for (const job of batch) {
        order.push(job.id)
        ledger.record(job, ledger.news(job))
      }
      if (order.length === 1) {
        // nobody reads meanwhile; the last ones are written by a clock that was set back
        for (let id = 2; id <= waitingCount; id++) write(id, id < waitingCount - 10 ? 5000 : 1400)
        await until('notice of all', () => highestNoticed >= waitingCount || undefined)
      }
      if (order.length >= waitingCount) stop.abort()
    }
    t.strictSame(
      order,
      Array.from({ length: waitingCount }, (_, index) => index + 1),
    )
  },
)
