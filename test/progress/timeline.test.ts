import t from 'tap'
import { unfoldStatuses } from '#ganeti/status-runs.js'
import { type Fact, timeline } from '#progress/timeline.js'
import { jobFile, jobOf, type OpParts } from '../support/job.js'

/** `0 running @110`, `[success queued] @120`, `0 "text" @115`. */
function format(fact: Fact): string {
  return `${whatOf(fact)} @${fact.time.seconds}`
}

function whatOf(fact: Fact): string {
  switch (fact.kind) {
    case 'op':
      return `${fact.opIndex} ${fact.status}`
    case 'log':
      return `${fact.opIndex} "${fact.line.text}"`
    case 'job':
      return `[${unfoldStatuses(fact.statuses).join(' ')}]`
  }
}

const cases: readonly {
  name: string
  ops: readonly OpParts[]
  end?: number
  says: readonly string[]
}[] = [
  { name: 'a queued job', ops: [{ status: 'queued' }], says: ['0 queued @100', '[queued] @100'] },
  {
    name: 'log lines stand between the statuses by their time, and before the end whatever it is',
    ops: [
      {
        status: 'success',
        start: 110,
        exec: 112,
        end: 120,
        log: [
          [1, [111, 0], 'message', 'a'],
          [2, [112, 0], 'message', 'b'],
          [3, [119, 0], 'remote-import', { x509_ca: 'secret' }],
          [4, [121, 0], 'message', 'c'],
        ],
      },
    ],
    end: 120,
    says: [
      '0 queued @100',
      '[queued] @100',
      '0 waiting @110',
      '[waiting] @110',
      '0 "a" @111',
      '0 running @112',
      '[running] @112',
      '0 "b" @112',
      '0 "c" @121',
      '0 success @120',
      '[success] @120',
    ],
  },
  {
    name: 'log lines of an op that names no instance are nobody’s',
    ops: [
      {
        status: 'queued',
        input: { OP_ID: 'OP_CLUSTER_VERIFY_GROUP', instance_name: null },
        log: [[1, [111, 0], 'message', 'a']],
      },
    ],
    says: ['0 queued @100', '[queued] @100'],
  },
  {
    name: 'a job that succeeded before anybody looked',
    ops: [{ status: 'success', start: 110, exec: 111, end: 120 }],
    end: 120,
    says: [
      '0 queued @100',
      '[queued] @100',
      '0 waiting @110',
      '[waiting] @110',
      '0 running @111',
      '[running] @111',
      '0 success @120',
      '[success] @120',
    ],
  },
  {
    name: 'a job that failed before it ran',
    ops: [{ status: 'error', start: 110, end: 111 }],
    end: 111,
    says: [
      '0 queued @100',
      '[queued] @100',
      '0 waiting @110',
      '[waiting] @110',
      '0 error @111',
      '[error] @111',
    ],
  },
  {
    name: 'a job that was canceled while it was queued',
    ops: [{ status: 'canceled', end: 105 }],
    end: 105,
    says: ['0 queued @100', '[queued] @100', '0 canceled @105', '[canceled] @105'],
  },
  {
    name: 'a job that was canceled while it waited, canceling filled in',
    ops: [{ status: 'canceled', start: 110 }, { status: 'canceled' }],
    end: 120,
    says: [
      '0 queued @100',
      '1 queued @100',
      '[queued queued] @100',
      '0 waiting @110',
      '[waiting queued] @110',
      '0 canceling @110',
      '1 canceling @110',
      '[canceling canceling] @110',
      '0 canceled @120',
      '1 canceled @120',
      '[canceled canceled] @120',
    ],
  },
  {
    name: 'ops behind a failed one, which end with it',
    ops: [
      { status: 'success', start: 101, exec: 102, end: 103 },
      { status: 'error', start: 104, end: 105 },
      { status: 'error' },
    ],
    end: 106,
    says: [
      '0 queued @100',
      '1 queued @100',
      '2 queued @100',
      '[queued queued queued] @100',
      '0 waiting @101',
      '[waiting queued queued] @101',
      '0 running @102',
      '[running queued queued] @102',
      '0 success @103',
      '[success queued queued] @103',
      '1 waiting @104',
      '[success waiting queued] @104',
      '1 error @105',
      '2 error @106',
      '[success error error] @106',
    ],
  },
  {
    name: 'a job whose process died in its second op: every op became error at once',
    ops: [
      { status: 'error', start: 101, exec: 102, end: 200 },
      { status: 'error', start: 104, exec: 105, end: 200 },
      { status: 'error', end: 200 },
    ],
    end: 200,
    says: [
      '0 queued @100',
      '1 queued @100',
      '2 queued @100',
      '[queued queued queued] @100',
      '0 waiting @101',
      '[waiting queued queued] @101',
      '0 running @102',
      '[running queued queued] @102',
      '1 waiting @104',
      '[success waiting queued] @104',
      '1 running @105',
      '[success running queued] @105',
      '0 error @200',
      '1 error @200',
      '2 error @200',
      '[error error error] @200',
    ],
  },
]

for (const c of cases) {
  t.test(`tells of ${c.name}`, async (t) => {
    t.strictSame(timeline(jobOf(jobFile(1, c.ops, c.end))).map(format), c.says)
  })
}
