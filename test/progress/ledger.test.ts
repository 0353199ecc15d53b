import fc from 'fast-check'
import t from 'tap'
import { parseJobId } from '#ganeti/job.js'
import { createLedger, type Ledger } from '#progress/ledger.js'
import { parseLedgerSnapshot } from '#progress/ledger-snapshot.js'
import { jobFile, jobOf, type OpParts } from '../support/job.js'

/** Tells one version to a ledger: the op facts that were news, `running @111`. */
function tell(ledger: Ledger, ops: readonly OpParts[], end?: number): readonly string[] {
  const job = jobOf(jobFile(7, ops, end))
  const facts = ledger.news(job)
  ledger.record(job, facts)
  return facts.flatMap((fact) =>
    fact.kind === 'op' ? [`${fact.status} @${fact.time.seconds}`] : [],
  )
}

const running: OpParts = { status: 'running', start: 110, exec: 111 }
const success: OpParts = { status: 'success', start: 110, exec: 111, end: 120 }

t.test('tells each status once', async (t) => {
  const ledger = createLedger()
  t.strictSame(tell(ledger, [running]), ['queued @100', 'waiting @110', 'running @111'])
  t.strictSame(tell(ledger, [running]), [])
  t.strictSame(tell(ledger, [success], 120), ['success @120'])
  t.strictSame(tell(ledger, [success], 120), [])
})

t.test('each log line is told once, also over a restart', async (t) => {
  const line = (serial: number) => [serial, [112, serial], 'message', `line ${serial}`]
  const serials = (ledger: Ledger, log: readonly unknown[]) => {
    const job = jobOf(jobFile(7, [{ ...running, log }]))
    const facts = ledger.news(job)
    ledger.record(job, facts)
    return facts.flatMap((fact) => (fact.kind === 'log' ? [fact.line.serial] : []))
  }
  const before = createLedger()
  t.strictSame(serials(before, [line(1), line(2)]), [1, 2])
  t.strictSame(serials(before, [line(1), line(2)]), [])
  const saved = parseLedgerSnapshot(JSON.parse(JSON.stringify(before.snapshot())))
  const after = createLedger(saved)
  t.strictSame(serials(after, [line(1), line(2), line(5)]), [5])
  t.strictSame(after.news(jobOf(jobFile(7, [{ ...running, log: [line(5)] }]))), [])
})

t.test('a retry for locks goes back to waiting, and only the new run is news', async (t) => {
  const ledger = createLedger()
  tell(ledger, [running])
  t.strictSame(tell(ledger, [{ status: 'waiting', start: 110, exec: 111 }]), [])
  t.strictSame(tell(ledger, [{ status: 'running', start: 110, exec: 115 }]), ['running @115'])
})

t.test('an op that had succeeded becomes error when its job is found dead', async (t) => {
  const ledger = createLedger()
  tell(ledger, [success, { status: 'running', start: 121, exec: 122 }])
  const dead: OpParts = { ...success, status: 'error', end: 300 }
  t.strictSame(tell(ledger, [dead, { status: 'error', start: 121, exec: 122, end: 300 }], 300), [
    'error @300',
    'error @300',
  ])
})

t.test('a finished job whose file changes once more tells only what is new', async (t) => {
  const ledger = createLedger()
  tell(ledger, [{ ...success, status: 'error' }], 120)
  t.strictSame(tell(ledger, [{ ...success, status: 'error', end: 165 }], 165), ['error @165'])
})

t.test('also when the agent was started again in between', async (t) => {
  const before = createLedger()
  tell(before, [{ ...success, status: 'error' }], 120)
  const after = createLedger(parseLedgerSnapshot(JSON.parse(JSON.stringify(before.snapshot()))))
  t.strictSame(tell(after, [{ ...success, status: 'error' }], 120), [])
  t.strictSame(tell(after, [{ ...success, status: 'error', end: 165 }], 165), ['error @165'])
})

t.test('of thousands of finished jobs the last 256 are saved', async (t) => {
  const ledger = createLedger()
  for (let id = 1; id <= 1000; id += 1) {
    const job = jobOf(jobFile(id, [success], 120))
    ledger.record(job, ledger.news(job))
  }
  const saved = ledger.snapshot().recent ?? []
  t.same([saved.length, saved[0]?.[0], saved.at(-1)?.[0]], [256, 745, 1000])
})

t.test('canceling of an op that never waited is told once, not again at the end', async (t) => {
  const ledger = createLedger()
  const first: OpParts = { status: 'canceling', start: 110 }
  t.strictSame(tell(ledger, [first, { status: 'canceling' }]), [
    'queued @100',
    'queued @100',
    'waiting @110',
    'canceling @110',
    'canceling @110',
  ])
  const ended: OpParts = { status: 'canceled', start: 110, end: 120 }
  t.strictSame(tell(ledger, [ended, { status: 'canceled' }], 120), [
    'canceled @120',
    'canceled @120',
  ])
})

t.test('knows its highest number also with 200,000 open jobs', async (t) => {
  const open = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [index + 1, []]))
  t.equal(createLedger({ done: [], open }).highest(), 200_000)
})

t.test(
  'a finished job that is read again after thousands of others is not told again',
  async (t) => {
    const ledger = createLedger()
    tell(ledger, [success], 120)
    for (let id = 100; id < 5100; id++) {
      const job = jobOf(jobFile(id, [success], 120))
      ledger.record(job, ledger.news(job))
    }
    t.strictSame(tell(ledger, [success], 120), [])
  },
)

t.test('facts that were not recorded are told again', async (t) => {
  const ledger = createLedger()
  const job = jobOf(jobFile(7, [running]))
  t.equal(ledger.news(job).length, ledger.news(job).length)
  t.not(ledger.news(job).length, 0)
})

t.test('what was saved is known after a restart', async (t) => {
  const before = createLedger()
  tell(before, [running])
  const snapshot = parseLedgerSnapshot(JSON.parse(JSON.stringify(before.snapshot())))
  t.ok(snapshot)
  t.strictSame(tell(createLedger(snapshot), [success], 120), ['success @120'])
})

t.test('the first start closes old jobs, but not those that are open', async (t) => {
  const ledger = createLedger()
  tell(ledger, [running])
  ledger.begin({ closed: idsFrom(1, 5, 7), floor: 0 })
  t.strictSame(idsFrom(1, 5, 7, 8).map(ledger.isDone), [true, true, false, false])
  t.equal(ledger.highest(), 7)
})

t.test(
  'a candidate holds what came to its end and tells final statuses when it is the master',
  async (t) => {
    const ledger = createLedger()
    const started = jobOf(jobFile(7, [running]))
    const ended = jobOf(jobFile(7, [success], 120))
    ledger.hold(started)
    t.ok(ledger.isOpen(started.id))
    ledger.hold(ended)
    t.strictSame([ledger.isDone(ended.id), ledger.heldCount()], [true, 1], 'and asks no more')
    ledger.release()
    t.strictSame([ledger.isDone(ended.id), ledger.openIds(), ledger.heldCount()], [false, [7], 1])
    t.strictSame(tell(ledger, [success], 120), ['success @120'])
    t.strictSame([ledger.openIds(), ledger.heldCount(), ledger.settled()], [[], 0, [[7, 7]]])
    t.strictSame(tell(ledger, [success], 120), [])
  },
)

t.test(
  'a job that is open when a candidate becomes the master is told from its beginning',
  async (t) => {
    const ledger = createLedger()
    ledger.hold(jobOf(jobFile(7, [running])))
    ledger.release()
    t.strictSame(tell(ledger, [success], 120).at(0), 'queued @100')
  },
)

t.test('what the master settled is not told, but a version that comes later is held', async (t) => {
  const ledger = createLedger()
  const failed = { ...success, status: 'error' }
  ledger.hold(jobOf(jobFile(7, [failed], 120)))
  ledger.settle([[1, 9]])
  t.equal(ledger.heldCount(), 0)
  const later = jobOf(jobFile(7, [{ ...failed, end: 165 }], 165))
  t.notOk(ledger.isDone(later.id), 'a change is noticed')
  ledger.hold(later)
  ledger.release()
  t.strictSame(tell(ledger, [{ ...failed, end: 165 }], 165), ['error @165'])
})

t.test('what is held, or released and not told yet, is held after a restart', async (t) => {
  const before = createLedger()
  for (const id of [3, 4]) before.hold(jobOf(jobFile(id, [success], 120)))
  before.release()
  before.hold(jobOf(jobFile(5, [success], 120)))
  const after = createLedger(parseLedgerSnapshot(JSON.parse(JSON.stringify(before.snapshot()))))
  t.strictSame([after.heldCount(), after.openIds()], [3, []])
  after.release()
  t.strictSame(after.openIds(), [3, 4, 5])
})

t.test('numbers without file or memory are missing until they are seen or settled', async (t) => {
  const ledger = createLedger()
  tell(ledger, [success], 120)
  t.strictSame(ledger.miss(10, idsFrom(9)), [
    [1, 6],
    [8, 8],
    [10, 10],
  ])
  t.strictSame(ledger.miss(10, idsFrom(9)), [], 'they are noted once')
  ledger.hold(jobOf(jobFile(10, [running])))
  ledger.settle([[1, 5]])
  t.strictSame(ledger.missing(), [
    [6, 6],
    [8, 8],
  ])
  t.strictSame(createLedger(ledger.snapshot()).missing(), [
    [6, 6],
    [8, 8],
  ])
})

t.test(
  'the archive is searched once for what is far behind, and always for the newest thousand',
  async (t) => {
    const ledger = createLedger()
    t.strictSame(ledger.unsearched(5000), [[1, 5000]])
    ledger.searched(5000, idsFrom(17))
    t.strictSame(ledger.unsearched(5000), [
      [17, 17],
      [4001, 5000],
    ])
    ledger.begin({ closed: [], floor: 4500 })
    t.strictSame(ledger.unsearched(5000), [[4501, 5000]])
  },
)

t.test('only released jobs are given up, the others stay open', async (t) => {
  const ledger = createLedger()
  ledger.hold(jobOf(jobFile(3, [success], 120)))
  ledger.hold(jobOf(jobFile(4, [running])))
  ledger.release()
  t.strictSame(ledger.giveUp(idsFrom(3, 4)), [3])
  t.strictSame(ledger.openIds(), [4])
})

/** A standby that follows the same versions as its master, and whatever the master has settled before it dies. */
const history = fc.record({
  versions: fc.array(
    fc.record({
      id: fc.integer({ min: 1, max: 6 }),
      status: fc.constantFrom('running', 'success', 'error'),
      end: fc.integer({ min: 120, max: 125 }),
    }),
    { maxLength: 30 },
  ),
  /** After how many versions the master's agent dies, and how far behind the standby's copies were. */
  tellsUpTo: fc.nat(30),
  settlesEvery: fc.integer({ min: 1, max: 9 }),
})

t.test(
  'whatever a master tells before it dies, with its standby every newest final status is told',
  async () => {
    fc.assert(
      fc.property(history, ({ versions, tellsUpTo, settlesEvery }) => {
        const [master, standby] = [createLedger(), createLedger()]
        const told = new Set<string>()
        const newest = new Map<number, object>()
        const record = (ledger: Ledger, file: object) => {
          const job = jobOf(file)
          const facts = ledger.news(job)
          for (const fact of facts)
            if (fact.kind === 'op') told.add(`${job.id} ${fact.status} ${fact.time.seconds}`)
          ledger.record(job, facts)
        }
        for (const [at, { id, status, end }] of versions.entries()) {
          const isFinal = status !== 'running'
          const file = jobFile(
            id,
            [isFinal ? { ...success, status, end } : running],
            isFinal ? end : undefined,
          )
          newest.set(id, file)
          if (!standby.isDone(jobOf(file).id)) standby.hold(jobOf(file))
          if (at < tellsUpTo) record(master, file)
          if (at < tellsUpTo && at % settlesEvery === 0) standby.settle(master.settled())
        }
        standby.release()
        for (const id of standby.openIds()) record(standby, newest.get(id) ?? {})
        return [...newest.values()].every((file) => {
          const job = jobOf(file)
          const [op] = job.ops
          return (
            op?.endTime === undefined ||
            op.status === 'running' ||
            told.has(`${job.id} ${op.status} ${op.endTime.seconds}`)
          )
        })
      }),
      { numRuns: 200 },
    )
  },
)

function idsFrom(...numbers: readonly number[]) {
  return numbers.flatMap((number) => parseJobId(number) ?? [])
}

const damaged: readonly unknown[] = [
  undefined,
  null,
  1,
  {},
  { done: [], open: null },
  { done: [[1]], open: {} },
  { done: [], open: { 1: [2] } },
  { done: [], open: {}, recent: [['7', []]] },
]

for (const value of damaged) {
  t.test(`${JSON.stringify(value)} is no saved ledger`, async (t) => {
    t.equal(parseLedgerSnapshot(value), undefined)
  })
}
