import fc from 'fast-check'
import t from 'tap'
import { instanceChanges, keyOf, parseKeptInstances } from '#nic/life/instance-changes.js'

const one = { instance: 'vm1', pid: 10, startTicks: 500 }
const two = { instance: 'vm2', pid: 11, startTicks: 600 }

t.test('who came has started, who went has exited', async (t) => {
  t.strictSame(instanceChanges([one], [two]), { started: [two], exited: [one] })
  t.strictSame(instanceChanges([one, two], [two, one]), { started: [], exited: [] })
})

t.test(
  'an instance under another QEMU has exited and started, also when the pid is the same',
  async (t) => {
    const again = { ...one, startTicks: 900 }
    t.strictSame(instanceChanges([one], [again]), { started: [again], exited: [one] })
  },
)

t.test('a key fits a message id', async (t) => {
  t.match(keyOf({ instance: 'vm1', pid: 4_194_304, startTicks: 99_999_999_999 }), /^[0-9-]{1,30}$/)
})

t.test('what was kept reads back; whatever else is on disk does no harm', async (t) => {
  const kept = {
    bootId: '0d9c8f6e-1111-4222-8333-444455556666',
    running: [one, two],
    paused: { [keyOf(one)]: { reason: 'io-error', mark: '107' } },
  }
  t.strictSame(parseKeptInstances(JSON.parse(JSON.stringify(kept))), kept)
  t.equal(parseKeptInstances({ ...kept, bootId: '../..' }), undefined)
  t.strictSame(parseKeptInstances({ ...kept, running: [one, { pid: 'x' }] })?.running, [one])
  const older = { bootId: kept.bootId, running: [one] }
  t.strictSame(
    parseKeptInstances(older),
    { ...older, paused: {} },
    'of an agent that knew no pauses',
  )
  t.strictSame(
    parseKeptInstances({ ...older, paused: { a: { reason: 1, mark: 'x' } } })?.paused,
    {},
  )
  fc.assert(fc.property(fc.jsonValue(), (value) => void parseKeptInstances(value)))
})
