import t from 'tap'
import { jobStatus, type OpStatus } from '#ganeti/status.js'

/** Ganeti's own table: `calcJobStatus` in src/Ganeti/JQueue.hs, `testCalcStatus` in its unit tests. */
const cases: readonly { ops: readonly OpStatus[]; job: OpStatus }[] = [
  { ops: ['queued'], job: 'queued' },
  { ops: ['waiting'], job: 'waiting' },
  { ops: ['running', 'queued'], job: 'running' },
  { ops: ['success', 'queued', 'queued'], job: 'queued' },
  { ops: ['success', 'waiting'], job: 'waiting' },
  { ops: ['success', 'success'], job: 'success' },
  { ops: ['success', 'error', 'error'], job: 'error' },
  { ops: ['error', 'queued'], job: 'error' },
  { ops: ['canceling', 'canceling'], job: 'canceling' },
  { ops: ['success', 'canceled'], job: 'canceled' },
  { ops: ['running', 'error'], job: 'error' },
]

for (const c of cases) {
  t.test(`a job with ops ${c.ops.join(', ')} is ${c.job}`, async (t) => {
    t.equal(jobStatus(c.ops), c.job)
  })
}
