import fc from 'fast-check'
import t from 'tap'
import {
  defaultSettings,
  readSettings,
  settingFields,
  settingNamed,
} from '#binding/setting-fields.js'

t.test('every default can be read, and together they are complete', async (t) => {
  for (const { name, parse, defaultText } of settingFields) t.ok(parse(defaultText).ok, name)
  const settings = defaultSettings()
  for (const [key, value] of Object.entries(settings)) t.not(value, undefined, key)
  t.match(settings, {
    leaseSeconds: 86_400,
    dhcpv6: 'stateless',
    nameservers4: [],
    duid: Uint8Array.of(0, 3, 0, 1, 0xcc, 0x47, 0x52, 0x4e, 0x45, 0x54),
  })
})

t.test('names are told apart once', async (t) => {
  t.equal(new Set(settingFields.map(({ name }) => name)).size, settingFields.length)
})

const option = (bytes: readonly number[]) => ({
  rawOptions4: [{ code: 224, value: Uint8Array.from(bytes) }],
})

const good: readonly [string, string, object][] = [
  ['lease', '90s', { leaseSeconds: 90 }],
  ['lease', '5 m', { leaseSeconds: 300 }],
  ['dhcp', 'TRUE', { dhcp: true }],
  ['dhcp', 'off', { dhcp: false }],
  ['dhcp', 'auto', { dhcp: 'auto' }],
  ['mtu', 'auto', { mtu: 'auto' }],
  ['nameservers', '', { nameservers4: [], nameservers6: [] }],
  ['nameservers', '2001:DB8::53', { nameservers6: ['2001:db8::53'] }],
  ['search', 'a.example., b_c.example', { searchList: ['a.example', 'b_c.example'] }],
  ['routes', '', { routes4: [], routes6: [] }],
  ['gateway_address', 'FE80::1', { gatewayAddress: 'fe80::1' }],
  ['captive_portal', '', { captivePortal: '' }],
  ['duid', '000100', { duid: Uint8Array.of(0, 1, 0) }],
  ['option_224', 'hex:', option([])],
  ['option_224', 'hex:0A:0b', option([10, 11])],
  ['option_224', 'text:a b', option([97, 32, 98])],
  ['option_224', 'ip:192.0.2.1, 10.0.0.1', option([192, 0, 2, 1, 10, 0, 0, 1])],
  ['option_224', 'ip:::1', option([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])],
  ['option_224', 'domain:a.bc', option([1, 97, 2, 98, 99, 0])],
  ['option_224', 'u8:255', option([255])],
  ['option_224', 'u16:258', option([1, 2])],
  ['option_224', 'u32:4294967295', option([255, 255, 255, 255])],
  ['dhcpv6_option_94', 'u8:1', { rawOptions6: [{ code: 94, value: Uint8Array.of(1) }] }],
  [
    'boot_3',
    'class:iPXE  arch:7+9 server:boot.example file:/a/b',
    {
      boot: [{ architectures: [7, 9], userClass: 'iPXE', server: 'boot.example', file: '/a/b' }],
    },
  ],
]

for (const [name, text, settings] of good) {
  t.test(`${name} = ${text}`, async (t) => {
    t.strictSame(settingNamed(name)?.parse(text), { ok: true, value: settings })
  })
}

const bad: readonly [string, string][] = [
  ['lease', '59s'],
  ['lease', '1.5h'],
  ['lease', '-1h'],
  ['lease', '99999999999s'],
  ['lease', '4294967295s'],
  ['mtu', '575'],
  ['mtu', '65536'],
  ['mtu', '1e3'],
  ['dhcp', 'perhaps'],
  ['nameservers', '192.0.2.1 example.com'],
  ['nameservers', '192.0.2.1 '.repeat(33)],
  ['search', 'a..b'],
  ['search', `${'a.'.repeat(127)}a`],
  ['routes', '198.51.100.0/24'],
  ['routes', '198.51.100.0/24 192.0.2.9 x'],
  ['gateway_address', '2001:db8::1'],
  ['captive_portal', 'ftp://x/'],
  ['captive_portal', 'https://x/ y'],
  ['pref64', '64:ff9b::/95'],
  ['delegation', '2001:db8::/48 47'],
  ['delegation', '2001:db8::/48 65'],
  ['delegation', '2001:db8::/48'],
  ['duid', '0001'],
  ['duid', '00'.repeat(131)],
  ['duid', '0003000g'],
  ['option_224', 'words'],
  ['option_224', 'hex:abc'],
  ['option_224', 'text:\u00e9'],
  ['option_224', 'ip:'],
  ['option_224', 'u8:256'],
  ['option_224', `hex:${'00'.repeat(256)}`],
  ['boot_1', 'arch:7'],
  ['boot_1', 'arch:x file:a'],
  ['boot_1', 'server:a,b file:a'],
  ['boot_1', 'file:a b'],
]

for (const [name, text] of bad) {
  t.test(`${name} = ${text.slice(0, 40)} is refused`, async (t) => {
    t.match(settingNamed(name)?.parse(text), { ok: false, problem: /./ })
  })
}

t.test('what is no setting', async (t) => {
  const names = ['option_0', 'option_53', 'option_54', 'option_255', 'option_01', 'boot_0', 'boot_']
  for (const name of [
    ...names,
    'dhcpv6_option_1',
    'dhcpv6_option_25',
    'toString',
    '__proto__',
    '',
  ]) {
    t.equal(settingNamed(name), undefined, name)
  }
})

t.test('boot rules come in the order of their numbers, options once each', async (t) => {
  const read = readSettings(
    [
      ['boot_10', 'file:c'],
      ['boot_2', 'file:b'],
      ['boot_1', 'file:a'],
      ['option_224', 'u8:1'],
      ['option_225', 'u8:2'],
    ],
    (name, message) => t.fail(`${name}: ${message}`),
  )
  t.strictSame(
    read.boot?.map(({ file }) => file),
    ['a', 'b', 'c'],
  )
  t.strictSame(
    read.rawOptions4?.map(({ code }) => code),
    [224, 225],
  )
})

t.test('no text makes any of them throw', async (t) => {
  const names = [...settingFields.map(({ name }) => name), 'option_224', 'boot_1']
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.string(), (name, text) => {
      t.ok(settingNamed(name)?.parse(text))
    }),
    { numRuns: 2000 },
  )
})
