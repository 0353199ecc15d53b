import t from 'tap'
import { parseJobId } from '#ganeti/job.js'
import { archivedJobPath, jobOfFileName } from '#ganeti/job-file.js'

const names: readonly { file: string; job: number | undefined; what: string }[] = [
  { file: 'job-18', job: 18, what: 'the final name' },
  { file: 'job-18-160-69.tmp', job: undefined, what: 'a temporary name of luxid since 2.16' },
  {
    file: 'job-1884wo9riz.new',
    job: undefined,
    what: 'a temporary name of job 18 that begins with job-1884',
  },
  { file: 'job-181234-5', job: undefined, what: 'a temporary name of luxid 2.12 to 2.15' },
  { file: 'job-018', job: undefined, what: 'a number with a leading zero' },
  { file: 'job-0', job: undefined, what: 'zero' },
  { file: 'job-', job: undefined, what: 'no number' },
  { file: 'job-18 ', job: undefined, what: 'a trailing space' },
  { file: 'job-99999999999999999999', job: undefined, what: 'a number that no double holds' },
  { file: 'serial', job: undefined, what: 'bookkeeping' },
  { file: 'lock', job: undefined, what: 'the lock' },
]

for (const c of names) {
  t.test(
    `${c.what} (${c.file}) is ${c.job === undefined ? 'no job' : `job ${c.job}`}`,
    async (t) => {
      t.equal(jobOfFileName(c.file), c.job)
    },
  )
}

t.test('the archive has ten thousand jobs a folder', async (t) => {
  const paths = [1, 9999, 10_000, 123_456].map((id) => {
    const jobId = parseJobId(id)
    return jobId === undefined ? '' : archivedJobPath(jobId)
  })
  t.strictSame(paths, [
    'archive/0/job-1',
    'archive/0/job-9999',
    'archive/1/job-10000',
    'archive/12/job-123456',
  ])
})
