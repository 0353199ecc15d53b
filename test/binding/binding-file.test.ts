import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { parseBinding } from '#binding/binding-file.js'
import { settingFields } from '#binding/setting-fields.js'
import { bindingText, faults, fixture, good, network } from './helpers.js'

t.test('a file as nic up writes it', async (t) => {
  const { settings, ...rest } = good(parseBinding(fixture('nics/tap3.json')))
  t.strictSame(rest, {
    source: 'okeanid',
    tap: 'tap3',
    mac: 'aa:00:01:00:00:03',
    instance: 'vm3.lab.example',
    nic: 'inner',
    mode: 'routed',
    sourceDevice: 'tap3',
    network: {
      name: 'net-routed',
      uuid: undefined,
      tags: ['okeanid:dhcp', 'okeanid:ra', 'okeanid:dhcpv6'],
      subnet: { address: '198.51.100.0', prefixLength: 24 },
      gateway: '198.51.100.1',
      subnet6: { address: '2001:db8:7::', prefixLength: 64 },
      gateway6: 'fe80::1',
    },
    ip: '198.51.100.33',
    ip6: '2001:db8:7::33',
    delegatedPrefix: { address: '2001:db8:100:3300::', prefixLength: 56 },
    hostname: 'inner.vm3.lab.example',
  })
  t.strictSame(settings, {
    leaseSeconds: 43_200,
    nameservers4: ['192.0.2.53'],
    nameservers6: ['2001:db8::53'],
    mtu: 1400,
    hasMetadataRoute: true,
    rawOptions4: [{ code: 224, value: Uint8Array.of(1, 2) }],
    boot: [
      {
        architectures: [16],
        userClass: 'HTTPClient',
        server: '192.0.2.5',
        file: 'http://192.0.2.5/boot.efi',
      },
      { architectures: [], userClass: undefined, server: undefined, file: 'undionly.kpxe' },
    ],
  })
})

t.test(
  'without a name the NIC is called by its number, a guest without one by its instance',
  async (t) => {
    const binding = good(parseBinding(fixture('nics/tap0.json')))
    t.equal(binding.nic, '0')
    t.equal(binding.hostname, 'vm1.lab.example')
    t.equal(binding.sourceDevice, 'br0')
    t.strictSame(binding.settings, {})
  },
)

t.test('null is the same as absent', async (t) => {
  const binding = good(parseBinding(bindingText({ ip: null, network: null, settings: null })))
  t.equal(binding.ip, undefined)
  t.equal(binding.network, undefined)
})

const wrong: readonly { what: string; changes: Record<string, unknown>; says: string }[] = [
  { what: 'an unknown key', changes: { ips: [] }, says: 'ips: there is no such key' },
  {
    what: 'an unknown key of the network',
    changes: { network: network({ vlan: 3 }) },
    says: 'network.vlan: there is no such key',
  },
  {
    what: 'an unknown key of the NIC',
    changes: { nic: { mac: 'x' } },
    says: 'nic.mac: there is no such key',
  },
  {
    what: 'an unknown setting',
    changes: { settings: { leases: '1d' } },
    says: 'settings.leases: there is no such setting',
  },
  {
    what: 'a name of Object.prototype as a setting',
    changes: { settings: { constructor: '1d' } },
    says: 'settings.constructor: there is no such setting',
  },
  {
    what: 'a setting that is an object',
    changes: { settings: { lease: {} } },
    says: 'settings.lease: wants a text, a number, true, false or a list of texts',
  },
  {
    what: 'a lease without unit',
    changes: { settings: { lease: 3600 } },
    says: 'settings.lease: wants a number with a unit: 10s, 5m, 1h or 7d',
  },
  {
    what: 'option 53, which makes the message what it is',
    changes: { settings: { option_53: 'u8:2' } },
    says: 'settings.option_53: there is no such setting',
  },
  { what: 'another version', changes: { version: 2 }, says: 'version: wants 1' },
  { what: 'no version', changes: { version: undefined }, says: 'version: wants 1' },
  { what: 'no tap', changes: { tap: undefined }, says: 'tap: is missing' },
  {
    what: 'a tap that is a path',
    changes: { tap: '../tap0' },
    says: 'tap: wants an interface name',
  },
  {
    what: 'a group address',
    changes: { mac: '01:00:5e:00:00:01' },
    says: 'mac: wants a unicast hardware address',
  },
  {
    what: 'a bridged NIC without bridge',
    changes: { link: undefined },
    says: 'link: wants an interface name',
  },
  { what: 'a number for a text', changes: { ip: 3 }, says: 'ip: wants a text' },
  {
    what: 'tags that are a text',
    changes: { network: network({ tags: 'nfdhcpd' }) },
    says: 'network.tags: wants a list of texts',
  },
  {
    what: 'a network that is a list',
    changes: { network: [] },
    says: 'network: wants a JSON object',
  },
  {
    what: 'a host’s name with a line break',
    changes: { hostname: 'a\nb' },
    says: 'hostname: wants a domain name',
  },
  {
    what: 'a label of 64 characters',
    changes: { hostname: 'a'.repeat(64) },
    says: 'hostname: wants a domain name',
  },
]

for (const { what, changes, says } of wrong) {
  t.test(`${what} is refused`, async (t) => {
    t.strictSame(faults(parseBinding(bindingText(changes))), [says])
  })
}

t.test('all faults are told at once', async (t) => {
  t.strictSame(faults(parseBinding(bindingText({ mode: 'x', ip: 'x', more: 1 }))), [
    'mode: wants one of bridged, routed, openvswitch, ext',
    'ip: wants an IPv4 address',
    'more: there is no such key',
  ])
})

t.test('what is no JSON object is refused', async (t) => {
  for (const text of ['', '[]', 'null', '"x"', '{', '{"version":1', '\u0000']) {
    t.strictSame(faults(parseBinding(text)), ['wants a JSON object'], JSON.stringify(text))
  }
})

t.test('no text makes it throw', async (t) => {
  const good = bindingText({ settings: { lease: '1d', boot_1: 'file:x' }, ip6: '2001:db8::1' })
  fc.assert(
    fc.property(fc.nat(good.length), fc.nat(12), fc.string(), (at, length, inserted) => {
      parseBinding(good.slice(0, at) + inserted + good.slice(at + length))
    }),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.json(), (text) => {
      t.equal(parseBinding(text).ok, false)
    }),
  )
})

t.test('the schema of the documents names the keys that are read', async (t) => {
  const schema = JSON.parse(readFileSync('docs/binding.schema.json', 'utf8')) as {
    readonly properties: Record<string, { readonly properties?: Record<string, unknown> }>
  }
  const settings = schema.properties['settings']?.properties ?? {}
  t.strictSame(
    Object.keys(settings).sort(),
    settingFields.map(({ name }) => name).sort(),
    'settings',
  )
  for (const [key, { properties }] of Object.entries(schema.properties)) {
    const told = faults(parseBinding(bindingText({ [key]: {} })))
    t.notOk(told.includes(`${key}: there is no such key`), key)
    for (const inner of key === 'settings' ? [] : Object.keys(properties ?? {})) {
      const within = faults(parseBinding(bindingText({ [key]: { [inner]: {} } })))
      t.notOk(within.includes(`${key}.${inner}: there is no such key`), `${key}.${inner}`)
    }
  }
})
