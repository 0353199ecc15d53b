import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { createLedger } from '#progress/ledger.js'
import { followJobs } from '#watch/job-source.js'
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
