import fc from 'fast-check'
import t from 'tap'
import { formatFact, maxFactBytes, parseFact, type ToldFact } from '#event/node-fact.js'
import { record } from '../support/arbitrary.js'

const nic = {
  tap: 'tap0',
  mac: 'aa:00:00:00:00:01',
  index: 0,
  name: 'eth-a',
  uuid: '2f1f8f5e-0000-4000-8000-000000000001',
  mode: 'bridged',
  link: 'br0',
  ip: '192.0.2.10',
  ip6: undefined,
  network: 'pub',
}
const told: ToldFact = {
  id: '0d9c8f6e-1111-4222-8333-444455556666.123.45',
  timeMs: 1_795_190_419_829,
  fact: { kind: 'nic', status: 'up', instance: 'vm1.example.com', reason: undefined, nic },
}

t.test('a fact is one line of ASCII and reads back as it was', async (t) => {
  const text = formatFact({ ...told, fact: { ...told.fact, reason: 'réparé\n' } })
  t.match(text, /^[\x20-\x7e]+\n$/)
  t.strictSame(parseFact(formatFact(told)), { ok: true, value: told })
})

t.test('whatever fits a fact reads back, and its file is never too long to be read', async (t) => {
  const text = fc.string({ minLength: 1, maxLength: 253 })
  const some = fc.option(fc.string({ minLength: 1, maxLength: 500 }), { nil: undefined })
  const facts = record({
    id: fc.stringMatching(/^[A-Za-z0-9.-]{1,100}$/),
    timeMs: fc.nat(),
    fact: fc.oneof(
      record({
        kind: fc.constant('instance' as const),
        status: fc.constantFrom('started' as const, 'paused', 'resumed', 'exited'),
        instance: text,
        reason: some,
      }),
      record({
        kind: fc.constant('nic' as const),
        status: fc.constantFrom('up' as const, 'down', 'repaired', 'failed', 'dhcp'),
        instance: text,
        reason: some,
        nic: record({
          tap: fc.stringMatching(/^[a-z0-9.]{1,15}$/),
          mac: fc.constant(nic.mac),
          index: fc.option(fc.nat(), { nil: undefined }),
          ...{ name: some, uuid: some, mode: some, link: some, ip: some, ip6: some, network: some },
        }),
      }),
    ),
  })
  fc.assert(
    fc.property(facts, (fact) => {
      const file = formatFact(fact)
      t.strictSame(parseFact(file), { ok: true, value: fact })
    }),
  )
  const long = 'é'.repeat(500)
  const everywhere = {
    name: long,
    uuid: long,
    mode: long,
    link: long,
    ip: long,
    ip6: long,
    network: long,
  }
  const largest = formatFact({
    ...told,
    fact: {
      kind: 'nic',
      status: 'failed',
      instance: long.slice(247),
      reason: long,
      nic: { ...nic, ...everywhere },
    },
  })
  t.ok(largest.length <= maxFactBytes)
  t.match(parseFact(largest), { ok: true })
})

t.test('no text makes the parser throw', async (t) => {
  const base = JSON.parse(formatFact(told)) as Record<string, unknown>
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom(...Object.keys(base)),
      fc.jsonValue(),
      (text, key, value) => {
        parseFact(text)
        parseFact(JSON.stringify(value))
        parseFact(JSON.stringify({ ...base, [key]: value }))
      },
    ),
  )
  t.pass()
})

for (const [what, change, problem] of [
  ['another version', { version: 2 }, /version/],
  ['an id that would not fit a message id', { id: 'a b' }, /id/],
  ['a negative time', { time_ms: -1 }, /time/],
  ['no instance', { instance: '' }, /instance/],
  ['an unknown status', { status: 'sideways' }, /status/],
  ['an unknown kind', { kind: 'disk' }, /kind/],
  ['a nic without a tap', { nic: { mac: nic.mac } }, /nic/],
] as const) {
  t.test(`a file with ${what} is refused`, async (t) => {
    const text = JSON.stringify({ ...JSON.parse(formatFact(told)), ...change })
    const parsed = parseFact(text)
    t.match(parsed, { ok: false, problem })
  })
}
