import t from 'tap'
import { decideNic } from '#nic/decide.js'
import { createDecider } from '#nic/repair/decider.js'
import { bridgedVariables, nicConfig, nicOf } from '../../support/nic-setup.js'

const nic = nicOf(bridgedVariables)
const config = nicConfig({})
const options = { config, stance: undefined }

t.test('an answer is given again for as long as the question is the same', async (t) => {
  const decide = createDecider()
  const first = decide(nic, options)
  t.same(first, decideNic(nic, options))
  t.equal(decide(nicOf(bridgedVariables), { config: nicConfig({}), stance: undefined }), first)
})

t.test('another question is decided anew', async (t) => {
  const others = {
    nic: [nicOf({ ...bridgedVariables, IP: '192.0.2.99' }), options],
    'its tags': [nicOf({ ...bridgedVariables, TAGS: 'okeanid:allow:0:198.51.100.0/24' }), options],
    configuration: [nic, { config: nicConfig({ nic: { ipv4: 'open' } }), stance: undefined }],
    stance: [nic, { config, stance: 'observe' }],
  } as const
  for (const [what, [other, otherOptions]] of Object.entries(others)) {
    const decide = createDecider()
    const first = decide(nic, options)
    const second = decide(other, otherOptions)
    t.notSame(second, first, what)
    t.same(second, decideNic(other, otherOptions), what)
    t.same(decide(nic, options), first, `${what}, and back`)
  }
})
