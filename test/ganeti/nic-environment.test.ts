import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { isOfSameNic, nicEnvironment, parseNicEnvironment } from '#ganeti/nic-environment.js'
import { fixturePath } from '../support/fixture.js'
import {
  bridgedVariables as bridged,
  recordedVariables,
  routedVariables as routed,
  without,
  wordsOf,
} from '../support/nic-setup.js'

const recorded = readdirSync(fixturePath('nic')).map((file) => file.replace(/\.env$/, ''))

t.test('reads what Ganeti 3.0.2 gave its script', async (t) => {
  t.match(parseNicEnvironment(recordedVariables('kvm-create-six-nics.nic0-bridged'), {}), {
    kind: 'nic',
    action: 'up',
    migrationPhase: undefined,
    warnings: [],
    words: {
      tap: 'tap2',
      instance: 'k2.lab.example',
      index: 0,
      name: 'front',
      uuid: 'a854ac5c-6b58-49de-a838-7684c3332799',
      mac: 'aa:00:01:06:53:b3',
      mode: 'bridged',
      link: 'br0',
      vlan: undefined,
      ip: '192.0.2.5',
      ip6: undefined,
      instanceTags: ['synnefo:network:0:unprotected', 'synnefo:network:2:limited'],
      network: {
        name: 'net-public',
        tags: ['nfdhcpd', 'public'],
        subnet: { address: '192.0.2.0', prefixLength: 24 },
        gateway: '192.0.2.1',
        subnet6: { address: '2001:db8:1::', prefixLength: 64 },
        gateway6: '2001:db8:1::1',
        macPrefix: 'aa:00:01',
      },
    },
  })
  t.match(wordsOf(recordedVariables('kvm-create-six-nics.nic2-routed')), {
    mode: 'routed',
    link: '101',
    ip: '203.0.113.7',
    network: undefined,
  })
  t.strictSame(wordsOf(recordedVariables('kvm-create-six-nics.nic3-bridged')).vlan, {
    native: 10,
    tagged: [],
  })
})

for (const name of recorded) {
  t.test(`${name}: the words say the same again as variables`, async (t) => {
    const words = wordsOf(recordedVariables(name))
    t.strictSame(wordsOf(nicEnvironment(words)), words)
  })
}

t.test('tags in another order are the same tags', async (t) => {
  const tags = (TAGS: string, NETWORK_TAGS: string) => wordsOf({ ...bridged, TAGS, NETWORK_TAGS })
  t.strictSame(tags('b a c', 'nfdhcpd public'), tags('c b a b', 'public nfdhcpd'))
})

t.test('no guest waits for a name that cannot be shown', async (t) => {
  const names = { INTERFACE_NAME: 'my nic', NETWORK_NAME: 'my net' }
  t.match(wordsOf({ ...bridged, ...names }), { name: 'my nic', network: { name: 'my net' } })
  const strange = { INTERFACE_NAME: 'naïve', NETWORK_NAME: 'a\nb' }
  t.match(parseNicEnvironment({ ...bridged, ...strange }, {}), {
    kind: 'nic',
    words: { name: undefined, network: { name: bridged['NETWORK_UUID'] } },
    warnings: [/^INTERFACE_NAME is not a name/, /^NETWORK_NAME is not a name/],
  })
})

t.test('an address of either family', async (t) => {
  const words = wordsOf({ ...bridged, IP: '2001:DB8:1::0002' })
  t.equal(words.ip, undefined)
  t.equal(words.ip6, '2001:db8:1::2')
})

t.test('what leaked from the daemon’s own environment is left out', async (t) => {
  const variables = recordedVariables('nic-inherited-leak.nic0-bridged')
  const daemon = { IP: '203.0.113.66', NETWORK_NAME: 'leaked', INTERFACE_NAME: 'leaked', HOME: '/' }
  const found = parseNicEnvironment(variables, daemon)
  t.match(found, {
    kind: 'nic',
    words: { ip: undefined, name: undefined, network: undefined, link: 'br0' },
  })
  const told = found.kind === 'nic' ? found.warnings.join('\n') : ''
  for (const name of Object.keys(daemon).slice(0, 3)) t.match(told, name)
})

t.test(
  'without the daemon’s environment half a network is still known for a stranger’s',
  async (t) => {
    const found = parseNicEnvironment(recordedVariables('nic-inherited-leak.nic0-bridged'), {})
    t.match(found, {
      kind: 'nic',
      words: { network: undefined },
      warnings: [/NETWORK_NAME .*NETWORK_UUID/],
    })
  },
)

t.test('what Ganeti always sets is never taken for the daemon’s', async (t) => {
  const found = parseNicEnvironment(bridged, {
    MAC: bridged['MAC'],
    TAGS: '',
    INTERFACE: 'tap0',
    LINK: 'br0',
    BRIDGE: 'br0',
  })
  t.match(found, { kind: 'nic', warnings: [], words: { link: 'br0', mac: bridged['MAC'] } })
})

t.test('a variable that the daemon has with another value is Ganeti’s', async (t) => {
  t.match(parseNicEnvironment(bridged, { IP: '203.0.113.66' }), { words: { ip: '192.0.2.2' } })
})

t.test(
  'a parent that was started for the same NIC is no daemon: nothing is left out',
  async (t) => {
    t.ok(isOfSameNic(bridged, { ...bridged }))
    t.notOk(isOfSameNic(bridged, { IP: '192.0.2.2' }))
    t.match(parseNicEnvironment(bridged, { ...bridged }), {
      warnings: [],
      words: { ip: '192.0.2.2', network: { name: 'net-public' } },
    })
  },
)

t.test('taps of instance communication are Ganeti’s own', async (t) => {
  t.same(parseNicEnvironment({ ...routed, INTERFACE: 'gnt.com.0' }, {}), {
    kind: 'communication',
    tap: 'gnt.com.0',
  })
})

t.test('Ganeti 3.2 says what it is about', async (t) => {
  t.match(parseNicEnvironment({ ...bridged, ACTION: 'down', MIGRATION_PHASE: 'post' }, {}), {
    action: 'down',
    migrationPhase: 'post',
  })
  t.match(parseNicEnvironment({ ...bridged, ACTION: 'sideways' }, {}), {
    kind: 'faulty',
    problems: [/^ACTION wants up or down/],
  })
})

t.test('each fault names its variable', async (t) => {
  const cases = [
    [without(bridged, 'INTERFACE'), /^INTERFACE is missing/],
    [{ ...bridged, INTERFACE: 'tap0; reboot' }, /^INTERFACE wants an interface name/],
    [{ ...bridged, INTERFACE: '../tap0' }, /^INTERFACE wants/],
    [without(bridged, 'MODE'), /^MODE is missing/],
    [{ ...bridged, MODE: 'bonded' }, /^MODE wants one of bridged, routed/],
    [{ ...bridged, MAC: '01:00:5e:00:00:01' }, /^MAC wants a unicast/],
    [{ ...bridged, MAC: '' }, /^MAC is missing/],
    [{ ...bridged, INTERFACE_INDEX: '-1' }, /^INTERFACE_INDEX wants/],
    [{ ...bridged, INSTANCE: 'a/../b' }, /^INSTANCE wants a name/],
    [{ ...bridged, IP: '192.0.2.300' }, /^IP wants an IP address/],
    [{ ...bridged, VLAN: '.5000' }, /^VLAN wants VLANs/],
    [{ ...bridged, LINK: 'br0 up' }, /^LINK wants an interface name/],
    [without(bridged, 'LINK'), /^LINK is missing/],
    [{ ...bridged, BRIDGE: 'br1' }, /^BRIDGE is br1, but LINK is br0/],
    [{ ...routed, LINK: 'a b' }, /^LINK wants a bridge, switch or routing table/],
    [{ ...bridged, NETWORK_SUBNET: '192.0.2.0' }, /^NETWORK_SUBNET wants an IPv4 network/],
    [{ ...bridged, NETWORK_MAC_PREFIX: 'aa:00' }, /^NETWORK_MAC_PREFIX wants/],
  ] as const
  for (const [variables, says] of cases) {
    t.match(parseNicEnvironment(variables, {}), { kind: 'faulty', problems: [says] }, String(says))
  }
})

t.test('problems are short lines of printable ASCII, whatever the environment holds', async (t) => {
  const names = Object.keys(bridged)
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme' }),
  )
  fc.assert(
    fc.property(fc.constantFrom(...names), text, (name, value) => {
      const found = parseNicEnvironment({ ...bridged, [name]: value }, {})
      const told =
        found.kind === 'faulty' ? found.problems : found.kind === 'nic' ? found.warnings : []
      t.ok(
        told.every((line) => /^[\x20-\x7e]{1,200}$/.test(line)),
        told.join('\n'),
      )
    }),
  )
})
