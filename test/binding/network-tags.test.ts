import t from 'tap'
import { formatProblem } from '#binding/binding.js'
import { readNetworkTags } from '#binding/network-tags.js'

const good: readonly [string | readonly string[], object][] = [
  ['okeanid:dhcp', { dhcp: true }],
  ['okeanid:ra', { ra: true }],
  ['okeanid:dhcpv6', { dhcpv6: 'stateful' }],
  ['okeanid:dhcpv6:stateless', { dhcpv6: 'stateless' }],
  ['okeanid:gateway', { isGateway: true }],
  ['okeanid:private', { hasDefaultRoute: false }],
  ['okeanid:dns:192.0.2.53', { nameservers4: ['192.0.2.53'] }],
  ['okeanid:dns:2001:db8::53', { nameservers6: ['2001:db8::53'] }],
  [
    ['okeanid:dns:192.0.2.53', 'okeanid:dns:2001:db8::53', 'okeanid:dns:192.0.2.54'],
    { nameservers4: ['192.0.2.53', '192.0.2.54'], nameservers6: ['2001:db8::53'] },
  ],
  ['okeanid:ntp:192.0.2.9', { ntpServers4: ['192.0.2.9'] }],
  ['okeanid:mtu:1450', { mtu: 1450 }],
  ['okeanid:lease:12h', { leaseSeconds: 43_200 }],
  ['okeanid:domain:vm.example.com', { domain: 'vm.example.com' }],
  [
    ['okeanid:search:a.example', 'okeanid:search:b.example'],
    { searchList: ['a.example', 'b.example'] },
  ],
  [
    'okeanid:route:198.51.100.0/24:192.0.2.9',
    {
      routes4: [
        { destination: { address: '198.51.100.0', prefixLength: 24 }, gateway: '192.0.2.9' },
      ],
    },
  ],
  [
    'okeanid:route:2001:db8:5::/48',
    {
      routes6: [{ prefix: { address: '2001:db8:5::', prefixLength: 48 }, preference: 'medium' }],
    },
  ],
  ['okeanid:pref64:64:ff9b::/96', { pref64: { address: '64:ff9b::', prefixLength: 96 } }],
  ['okeanid:when-down:drop', { whenDown: 'drop' }],
  ['okeanid:portal:https://portal.example/api', { captivePortal: 'https://portal.example/api' }],
  [
    'okeanid:pd:2001:db8:100::/48:56',
    {
      delegation: { pool: { address: '2001:db8:100::', prefixLength: 48 }, length: 56 },
    },
  ],
  [['okeanid:mtu:1450', 'okeanid:mtu:1400'], { mtu: 1400 }],
  [['public', 'nfdhcpd', 'synnefo:x:y', 'okeanid:allow:0:192.0.2.0/24', 'okeanidx:dhcp'], {}],
]

for (const [tag, settings] of good) {
  const tags = typeof tag === 'string' ? [tag] : tag
  t.test(`${tags.join(' ')} is understood`, async (t) => {
    const read = readNetworkTags(tags)
    t.strictSame(read.settings, settings)
    t.strictSame(read.problems, [])
    for (const one of tags) t.match(one, /^[\w.+*/:@-]{1,128}$/, 'Ganeti takes it')
  })
}

const bad: readonly [string, string][] = [
  ['okeanid:dchp', 'okeanid:dchp: there is no such tag'],
  ['okeanid:', 'okeanid:: there is no such tag'],
  ['okeanid:mtu', 'okeanid:mtu: there is no such tag'],
  ['okeanid:mtu:', 'okeanid:mtu:: there is no such tag'],
  ['okeanid:dhcp:yes', 'okeanid:dhcp:yes: there is no such tag'],
  ['okeanid:constructor', 'okeanid:constructor: there is no such tag'],
  ['okeanid:mtu:9', 'okeanid:mtu:9: wants a whole number from 576 to 65535, or auto'],
  ['okeanid:dns:192.0.2', 'okeanid:dns:192.0.2: 192.0.2 is no IP address'],
]

for (const [tag, says] of bad) {
  t.test(`${tag} is a problem and changes nothing`, async (t) => {
    const read = readNetworkTags(['okeanid:dns:192.0.2.53', tag])
    t.strictSame(read.problems.map(formatProblem), [says])
    t.strictSame(read.settings, { nameservers4: ['192.0.2.53'] })
  })
}

t.test('tag nfdhcpd means served', async (t) => {
  t.equal(readNetworkTags(['nfdhcpd']).isServed, true)
  t.equal(readNetworkTags(['okeanid:dhcp']).isServed, false)
})
