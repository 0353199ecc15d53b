import t from 'tap'
import { parseIpv4 } from '#addr/ipv4.js'
import { parseIpv6 } from '#addr/ipv6.js'
import { dnsCommands, reverseName } from '#script/dns.js'

const zones = {
  server: '192.0.2.53',
  forward: ['example.org', 'vm.example.org'],
  reverse: ['2.0.192.in-addr.arpa', '8.b.d.0.1.0.0.2.ip6.arpa'],
  ttlSeconds: 300,
}
const add = {
  HOOKS_PATH: 'instance-add',
  INSTANCE_NAME: 'a.vm.example.org',
  POST_INSTANCE_NIC_COUNT: '2',
  POST_INSTANCE_NIC0_IP: '192.0.2.5',
  POST_INSTANCE_NIC0_MAC: 'aa:00:00:11:22:33',
  POST_INSTANCE_NIC0_NETWORK_SUBNET6: '2001:db8:1::/64',
  POST_INSTANCE_NIC1_IP: '',
}
const ip6 = '2001:db8:1:0:a800:ff:fe11:2233'
const reverse6 = '3.3.2.2.1.1.e.f.f.f.0.0.0.0.8.a.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa'
const commands = (words: Readonly<Record<string, string>>, own = {}) =>
  dnsCommands((name) => words[name.replace(/^GANETI_/, '')], { ...zones, ...own })

const forward = (name: string, ...more: readonly string[]): readonly string[] => [
  'server 192.0.2.53',
  'zone vm.example.org.',
  `update delete ${name}. A`,
  `update delete ${name}. AAAA`,
  ...more,
]
const pointers = (name: string): readonly string[] => [
  ...['server 192.0.2.53', 'zone 2.0.192.in-addr.arpa.'],
  'update delete 5.2.0.192.in-addr.arpa. PTR',
  `update add 5.2.0.192.in-addr.arpa. 300 PTR ${name}.`,
  'send',
  ...['server 192.0.2.53', 'zone 8.b.d.0.1.0.0.2.ip6.arpa.'],
  `update delete ${reverse6}. PTR`,
  `update add ${reverse6}. 300 PTR ${name}.`,
  'send',
]
const addresses = (name: string): readonly string[] => [
  `update add ${name}. 300 A 192.0.2.5`,
  `update add ${name}. 300 AAAA ${ip6}`,
]

t.test('a new instance gets its addresses, and they its name', async (t) => {
  const name = 'a.vm.example.org'
  t.strictSame(commands(add), {
    ok: true,
    value: [...forward(name, ...addresses(name), 'send'), ...pointers(name)],
  })
})

t.test('after a rename the old name has nothing, the new one all', async (t) => {
  const name = 'b.vm.example.org'
  t.strictSame(commands({ ...add, HOOKS_PATH: 'instance-rename', INSTANCE_NEW_NAME: name }), {
    ok: true,
    value: [
      ...forward('a.vm.example.org', ...forward(name, ...addresses(name), 'send').slice(2)),
      ...pointers(name),
    ],
  })
})

t.test('a removed one takes along what was its own, and nobody else’s PTR', async (t) => {
  const found = commands({ ...add, HOOKS_PATH: 'instance-remove' })
  t.strictSame(found, {
    ok: true,
    value: [
      ...forward('a.vm.example.org', 'send'),
      ...['server 192.0.2.53', 'zone 2.0.192.in-addr.arpa.'],
      'update delete 5.2.0.192.in-addr.arpa. PTR a.vm.example.org.',
      'send',
      ...['server 192.0.2.53', 'zone 8.b.d.0.1.0.0.2.ip6.arpa.'],
      `update delete ${reverse6}. PTR a.vm.example.org.`,
      'send',
    ],
  })
})

t.test('names and addresses of other zones are left alone', async (t) => {
  const elsewhere = {
    ...add,
    INSTANCE_NAME: 'a.notexample.org',
    POST_INSTANCE_NIC0_IP: '198.51.100.1',
  }
  const own = { reverse: ['2.0.192.in-addr.arpa'] }
  t.strictSame(commands(elsewhere, own), { ok: true, value: [] })
})

for (const name of ['a b', 'a\nsend', '-;', `${'x'.repeat(64)}.org`])
  t.test(`${JSON.stringify(name)} never reaches nsupdate`, async (t) => {
    t.equal(commands({ ...add, INSTANCE_NAME: name }).ok, false)
    t.equal(commands({ ...add, INSTANCE_NEW_NAME: name }).ok, false)
  })

t.test('what is no hook of an instance is told', async (t) => {
  t.match(commands({ HOOKS_PATH: 'network-add' }), { ok: false, problem: /no hook of an instance/ })
})

t.test('names of addresses (RFC 1035 §3.5, RFC 3596 §2.5)', async (t) => {
  const [v4, v6] = [parseIpv4('192.0.2.5'), parseIpv6('2001:db8::567:89ab')]
  t.equal(v4 && reverseName(v4), '5.2.0.192.in-addr.arpa')
  t.equal(
    v6 && reverseName(v6),
    'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
  )
})
