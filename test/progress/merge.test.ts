import t from 'tap'
import { mergeNews } from '#progress/merge.js'
import { timeline } from '#progress/timeline.js'
import { jobFile, jobOf, type OpParts } from '../support/job.js'

/** The op facts of these jobs, merged: `7 running`. */
function merged(jobs: Readonly<Record<number, OpParts>>): readonly string[] {
  const news = Object.entries(jobs).map(([id, op]) => {
    const job = jobOf(jobFile(Number(id), [op], op.end))
    return { job, facts: timeline(job) }
  })
  return mergeNews(news).flatMap(({ job, fact }) =>
    fact.kind === 'op' ? [`${job.id} ${fact.status}`] : [],
  )
}

t.test('a clock that steps back does not put success before running', async (t) => {
  t.strictSame(merged({ 7: { status: 'success', start: 110, exec: 111, end: 105 } }), [
    '7 queued',
    '7 waiting',
    '7 running',
    '7 success',
  ])
})

t.test('facts of several jobs are in order of time', async (t) => {
  const before = { 1: { status: 'success', start: 110, exec: 120, end: 130 } }
  t.strictSame(merged({ ...before, 2: { status: 'success', start: 105, exec: 115, end: 140 } }), [
    '1 queued',
    '2 queued',
    '2 waiting',
    '1 waiting',
    '2 running',
    '1 running',
    '1 success',
    '2 success',
  ])
})

t.test('where the clock was set back between two jobs, they stay as they come', async (t) => {
  const ended = (end: number) => ({ status: 'success', start: end - 20, exec: end - 10, end })
  const ends = (...jobs: readonly (readonly [number, number])[]) =>
    mergeNews(
      jobs.map(([id, end]) => {
        const job = jobOf(jobFile(id, [ended(end)], end))
        return { job, facts: timeline(job) }
      }),
    ).flatMap(({ job, fact }) => (fact.kind === 'op' && fact.status === 'success' ? [job.id] : []))
  t.strictSame(ends([1, 5000], [2, 1400], [3, 1410]), [1, 2, 3], 'by an hour')
  t.strictSame(ends([1, 1450], [2, 1410]), [2, 1], 'a write that came late from another node')
})

t.test(
  'of two jobs in whose midst the clock was set back, the one that ended first comes first',
  async (t) => {
    // the second was received after the first had begun, both by the old clock
    const first = {
      ...jobFile(1, [{ status: 'success', start: 5000, exec: 5010, end: 1400 }], 1400),
    }
    const second = {
      ...jobFile(2, [{ status: 'success', start: 1401, exec: 1402, end: 1410 }], 1410),
    }
    const told = mergeNews(
      [
        { ...first, received_timestamp: [4990, 0] },
        { ...second, received_timestamp: [5005, 0] },
      ].map((file) => {
        const job = jobOf(file)
        return { job, facts: timeline(job) }
      }),
    ).flatMap(({ job, fact }) => (fact.kind === 'op' ? [`${job.id} ${fact.status}`] : []))
    t.strictSame(told, [
      ...['queued', 'waiting', 'running', 'success'].map((status) => `1 ${status}`),
      ...['queued', 'waiting', 'running', 'success'].map((status) => `2 ${status}`),
    ])
  },
)

t.test(
  'a clock that was set back and forth again within a job does not put its facts before older jobs',
  async (t) => {
    const log = [[1, [1400, 0], 'message', 'written while the clock was back']]
    const ops = [
      { status: 'success', start: 5005, exec: 5006, end: 5010 },
      { status: 'success', start: 5011, exec: 5012, end: 5020, log },
    ]
    const before = jobOf(
      jobFile(1, [{ status: 'success', start: 4980, exec: 4985, end: 5000 }], 5000),
    )
    const after = jobOf(jobFile(2, ops, 5020))
    const told = mergeNews([before, after].map((job) => ({ job, facts: timeline(job) }))).flatMap(
      ({ job, fact }) => (fact.kind === 'op' && fact.status === 'success' ? [job.id] : []),
    )
    t.strictSame(told, [1, 2, 2])
  },
)
