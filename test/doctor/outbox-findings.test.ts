import t from 'tap'
import type { OutboxFacts } from '#doctor/facts.js'
import { outboxFindings } from '#doctor/outbox-findings.js'

const healthy: OutboxFacts = {
  problem: undefined,
  held: 0,
  heldReason: undefined,
  unroutable: [],
  isDropping: true,
  quarantined: 0,
  forsaken: 0,
}

const cases: readonly { name: string; facts: Partial<OutboxFacts>; says: readonly RegExp[] }[] = [
  { name: 'all is well', facts: {}, says: [] },
  {
    name: 'the disk is full',
    facts: { problem: 'cannot write: ENOSPC' },
    says: [/^broken outbox: nothing is taken: cannot write: ENOSPC/],
  },
  {
    name: 'messages are held',
    facts: { held: 7, heldReason: 'no queue is bound for k', unroutable: ['k'], isDropping: false },
    says: [/^broken outbox: 7 messages wait although the broker is there: no queue is bound for k/],
  },
  {
    name: 'messages that nobody gets',
    facts: { unroutable: ['ganeti.event.job', 'k'] },
    says: [/^note broker: no queue is bound for ganeti\.event\.job, k.*unroutable = keep/],
  },
  { name: 'a quarantine', facts: { quarantined: 2 }, says: [/^note outbox: 2 .*outbox retry/] },
  {
    name: 'the broker was switched off with messages waiting',
    facts: { forsaken: 3 },
    says: [/^note outbox: 3 messages of earlier wait.*outbox purge --all/],
  },
]

for (const { name, facts, says } of cases) {
  t.test(
    `${name}: ${says.length === 0 ? 'nothing is said' : 'it is said with the cure'}`,
    async (t) => {
      const lines = outboxFindings({ ...healthy, ...facts }).map(
        ({ level, about, what, cure }) => `${level} ${about}: ${what}; ${cure}`,
      )
      t.match(lines, says)
      t.equal(lines.length, says.length)
    },
  )
}

t.test('of a role that does not answer nothing is said', async (t) => {
  t.strictSame(outboxFindings(undefined), [])
})
