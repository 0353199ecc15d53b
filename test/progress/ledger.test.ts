import t from 'tap'
import { parseJobId } from '#ganeti/job.js'
import { createLedger, type Ledger, parseLedgerSnapshot } from '#progress/ledger.js'
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

t.test(
  'the first start closes old jobs, but neither those to tell nor numbers that may still be written',
  async (t) => {
    const ledger = createLedger()
    const ids = [1, 5000, 9998, 9999, 10_000].flatMap((id) => parseJobId(id) ?? [])
    const [old, older, missing, kept, highest] = ids
    if (!old || !older || !missing || !kept || !highest) throw new Error('ids')
    ledger.closeOlder({ listed: [old, kept, highest], highest, except: [kept] })
    t.strictSame([old, older, missing, kept, highest].map(ledger.isDone), [
      true,
      true,
      false,
      false,
      true,
    ])
    t.equal(ledger.highest(), 10_000)
  },
)

const damaged: readonly unknown[] = [
  undefined,
  null,
  1,
  {},
  { done: [], open: null },
  { done: [[1]], open: {} },
  { done: [], open: { 1: [2] } },
]

for (const value of damaged) {
  t.test(`${JSON.stringify(value)} is no saved ledger`, async (t) => {
    t.equal(parseLedgerSnapshot(value), undefined)
  })
}
