import fc from 'fast-check'
import t from 'tap'
import { leftOf } from '#nic/left.js'
import { formatNicRecord, type NicRecord, parseNicRecord } from '#nic/record.js'
import { desiredOf, nicOf, recordedVariables } from '../support/nic-setup.js'
import { samples } from './plan-samples.js'

const records = Object.entries(samples).map(([name, { variables, sections, facts }]) => {
  const desired = desiredOf(variables, sections)
  const nic = { ...desired.nic, name: 'front', instanceTags: ['a:b', 'okeanid:firewall:0:limited'] }
  const record: NicRecord = {
    nic,
    stance: 'observe',
    ifindex: 17,
    atSeconds: 1_795_188_147,
    config: 'cafe0123',
    scriptDigest: 'script',
    rulesDigest: 'digest',
    adoptedAtSeconds: undefined,
    left: leftOf(desired, facts),
  }
  return { name, record }
})

for (const { name, record } of records) {
  t.test(`${name}: a record is read as it was written`, async (t) => {
    t.same(parseNicRecord(formatNicRecord(record)), { ok: true, value: record })
  })
}

t.test('NICs as Ganeti has them', async (t) => {
  const [first] = records
  if (first === undefined) throw new Error('no sample')
  for (const nic of [
    nicOf(recordedVariables('kvm-create-six-nics.nic2-routed')),
    nicOf(recordedVariables('kvm-create-six-nics.nic3-bridged')),
    { ...nicOf(recordedVariables('hotplug-add.nic1-bridged')), instanceTags: undefined },
  ]) {
    const record = { ...first.record, nic, left: { ...first.record.left, tap: nic.tap } }
    t.same(parseNicRecord(formatNicRecord(record)), { ok: true, value: record })
  }
})

t.test('what is no record is a problem, never an exception', async (t) => {
  const text = formatNicRecord(
    records[0]?.record ??
      (() => {
        throw new Error('no sample')
      })(),
  )
  const broken = (changes: Readonly<Record<string, unknown>>) => {
    const parsed = parseNicRecord(JSON.stringify({ ...JSON.parse(text), ...changes }))
    return parsed.ok ? undefined : parsed.problem
  }
  t.match(broken({ version: 2 }), /version 1/)
  t.match(broken({ stance: 'lenient' }), /^stance/)
  t.match(broken({ nic: {} }), /^nic: INTERFACE is missing/)
  t.match(broken({ nic: { INTERFACE: 'gnt.com.0' } }), /none of ours/)
  t.match(broken({ left: 7 }), /^left/)
  t.match(broken({ ifindex: -1 }), /^ifindex/)
  fc.assert(
    fc.property(fc.json(), fc.json(), (whole, left) => {
      parseNicRecord(whole)
      broken({ left: JSON.parse(left) })
    }),
  )
})
