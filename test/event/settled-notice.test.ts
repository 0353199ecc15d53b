import fc from 'fast-check'
import t from 'tap'
import { parseSettledNotice, settledMessage } from '#event/settled-notice.js'

const sent = { id: 'run.1', timeSeconds: 1_790_000_000 }
const notice = { clusterUuid: 'u', node: 'n1.example' }

/** What comes out at the other end. */
const roundTrip = (ranges: readonly (readonly [number, number])[]) => {
  const outcome = parseSettledNotice(settledMessage({ ...notice, ranges }, sent).body)
  return outcome.ok ? outcome.value : outcome.problem
}

t.test('a notice comes out as it went in', async (t) => {
  t.strictSame(
    roundTrip([
      [1, 41],
      [43, 43],
    ]),
    {
      ...notice,
      ranges: [
        [1, 41],
        [43, 43],
      ],
    },
  )
  t.strictSame(roundTrip([]), { ...notice, ranges: [] })
})

t.test('of more ranges than fit the highest are said', async (t) => {
  const ranges = Array.from({ length: 1000 }, (_, index) => [index * 2 + 1, index * 2 + 1] as const)
  t.strictSame(roundTrip(ranges), { ...notice, ranges: ranges.slice(-256) })
})

const bad: readonly (readonly [string, string, RegExp])[] = [
  ['text', 'x', /no JSON/],
  ['null', 'null', /object/],
  ['another type', '{"type":"x"}', /type/],
  ['no cluster', '{"type":"okeanid-jobs-settled"}', /cluster/],
  ['no node', '{"type":"okeanid-jobs-settled","cluster":"u"}', /node/],
  ...[[[1]], [[2, 1]], [[0, 1]], [['1', 2]], [1], 'x'].map(
    (jobs) =>
      [
        `jobs ${JSON.stringify(jobs)}`,
        JSON.stringify({ type: 'okeanid-jobs-settled', cluster: 'u', node: 'n', jobs }),
        /jobs/,
      ] as const,
  ),
  ['too much', ' '.repeat(40_000), /larger/],
]

for (const [name, body, problem] of bad) {
  t.test(`refuses ${name}`, async (t) => {
    const outcome = parseSettledNotice(body)
    t.match(outcome.ok ? 'was taken' : outcome.problem, problem)
  })
}

t.test('parsing never throws', async () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
      parseSettledNotice(body)
    }),
  )
})
