import fc from 'fast-check'
import t from 'tap'
import { formatHookFact, type HookFact, parseHookFact } from '#event/net-fact.js'
import { nicsAfter } from '#ganeti/hook-nics.js'

const text = fc.option(fc.string({ minLength: 1, maxLength: 40 }), { nil: undefined })
const name = fc.string({ minLength: 1, maxLength: 60 })
const net: fc.Arbitrary<HookFact> = fc
  .record({
    kind: fc.constant('net' as const),
    id: fc.stringMatching(/^[A-Za-z0-9.-]{1,50}$/),
    timeMs: fc.nat(),
    opcode: fc.constantFrom('OP_INSTANCE_CREATE', 'OP_INSTANCE_RENAME'),
    nameBefore: name,
    instance: name,
    tags: fc.array(fc.string({ maxLength: 128 }), { maxLength: 5 }),
    nics: fc.array(
      fc.record({
        ...{ uuid: text, name: text, mac: text, ip: text, mode: text },
        ...{ link: text, vlan: text, network: text, subnet6: text },
      }),
      { maxLength: 4 },
    ),
  })
  .map((fact) => ({ ...fact, nics: fact.nics.map((nic, index) => ({ index, ...nic })) }))

t.test('a fact is text and back', async (t) => {
  fc.assert(
    fc.property(fc.oneof(net, fc.constant({ kind: 'gap', lostCount: 3 } as const)), (fact) => {
      const parsed = parseHookFact(formatHookFact(fact))
      if (!parsed.ok) throw new Error(parsed.problem)
      t.same(parsed.value, fact)
    }),
    { numRuns: 50 },
  )
})

t.test('never throws, whatever the text', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (some) => {
      parseHookFact(some)
    }),
  )
  t.equal(parseHookFact('{"version":1,"kind":"net"}').ok, false)
  t.equal(parseHookFact('{"version":2,"kind":"gap","lost":1}').ok, false)
})

t.test('NICs of after and of before are never mixed', async (t) => {
  const values = new Map([
    ['GANETI_INSTANCE_NIC_COUNT', '2'],
    ['GANETI_INSTANCE_NIC0_IP', '192.0.2.1'],
    ['GANETI_INSTANCE_NIC0_NETWORK_NAME', 'net'],
    ['GANETI_INSTANCE_NIC1_MAC', 'aa:00:00:00:00:02'],
    ['GANETI_POST_INSTANCE_NIC_COUNT', '1'],
    ['GANETI_POST_INSTANCE_NIC0_IP', ''],
    ['GANETI_POST_INSTANCE_NIC0_VLAN', 'None'],
    ['GANETI_POST_INSTANCE_NIC0_MAC', 'aa:00:00:00:00:01'],
  ])
  t.match(nicsAfter(values), [
    { index: 0, mac: 'aa:00:00:00:00:01', ip: undefined, network: undefined, vlan: undefined },
  ])
  t.equal(nicsAfter(values).length, 1)
})

for (const count of ['-1', 'None', '1e9', '', '2.5']) {
  t.test(`a count of NICs that is none: ${count}`, async (t) => {
    const nics = nicsAfter(new Map([['GANETI_POST_INSTANCE_NIC_COUNT', count]]))
    t.ok(nics.length <= 64)
  })
}
