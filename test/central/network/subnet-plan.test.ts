import t from 'tap'
import { bridgeNames, macPrefixes } from '#central/network/pool-values.js'
import { planSubnet, type WantedSubnet } from '#central/network/subnet-plan.js'

const good: readonly (readonly [string, WantedSubnet, object])[] = [
  [
    'all but network, gateway and broadcast',
    { cidr: '192.0.2.0/28' },
    { gatewayIp: '192.0.2.1', ranges: [{ start: '192.0.2.2', end: '192.0.2.14' }] },
  ],
  [
    'a gateway in the middle splits the range',
    { cidr: '192.0.2.0/28', gatewayIp: '192.0.2.7' },
    {
      ranges: [
        { start: '192.0.2.1', end: '192.0.2.6' },
        { start: '192.0.2.8', end: '192.0.2.14' },
      ],
    },
  ],
  [
    'the last address as gateway',
    { cidr: '192.0.2.0/28', gatewayIp: '192.0.2.14' },
    { ranges: [{ start: '192.0.2.1', end: '192.0.2.13' }] },
  ],
  [
    'no gateway',
    { cidr: '192.0.2.0/29', gatewayIp: null },
    { gatewayIp: null, ranges: [{ start: '192.0.2.1', end: '192.0.2.6' }] },
  ],
  ['host bits are cut off', { cidr: '192.0.2.99/24' }, { cidr: '192.0.2.0/24' }],
  [
    'pools',
    {
      cidr: '192.0.2.0/24',
      allocationPools: [{ start: '192.0.2.10', end: '192.0.2.20' }],
    },
    { ranges: [{ start: '192.0.2.10', end: '192.0.2.20' }] },
  ],
  [
    'IPv6',
    { cidr: '2001:DB8::/64' },
    { ipVersion: 6, cidr: '2001:db8::/64', gatewayIp: '2001:db8::1', ranges: [] },
  ],
]
for (const [name, wanted, plan] of good) {
  t.test(name, async (t) => {
    const planned = planSubnet(wanted, 22)
    t.ok(planned.ok)
    if (planned.ok) t.match(planned.value, plan)
  })
}

const pool = (start: string, end: string) => ({
  cidr: '192.0.2.0/24',
  allocationPools: [{ start, end }],
})
const bad: readonly (readonly [string, WantedSubnet, RegExp])[] = [
  ['no network', { cidr: 'all of it' }, /is no IPv4 network/],
  ['too large', { cidr: '10.0.0.0/21' }, /\/22 to \/29/],
  ['too small', { cidr: '10.0.0.0/30' }, /\/22 to \/29/],
  ['another version', { cidr: '10.0.0.0/24', ipVersion: 6 }, /is no IPv6 network/],
  ['IPv6 that is no /64', { cidr: '2001:db8::/48' }, /is a \/64/],
  ['a gateway outside', { cidr: '10.0.0.0/24', gatewayIp: '10.0.1.1' }, /gateway_ip: is not in/],
  [
    'an IPv6 gateway outside',
    { cidr: '2001:db8::/64', gatewayIp: 'fe80::1' },
    /gateway_ip: is not in/,
  ],
  ['a gateway that is none', { cidr: '10.0.0.0/24', gatewayIp: 'x' }, /gateway_ip: is no/],
  ['a pool outside', pool('192.0.2.10', '192.0.3.1'), /reach beyond/],
  ['a pool with the network’s address', pool('192.0.2.0', '192.0.2.9'), /reach beyond/],
  ['a pool with the gateway', pool('192.0.2.1', '192.0.2.9'), /hold the gateway/],
  ['a pool that ends before it starts', pool('192.0.2.9', '192.0.2.2'), /wants ranges/],
  [
    'pools that overlap',
    {
      cidr: '192.0.2.0/24',
      allocationPools: [
        { start: '192.0.2.10', end: '192.0.2.20' },
        { start: '192.0.2.5', end: '192.0.2.10' },
      ],
    },
    /overlap/,
  ],
]
for (const [name, wanted, says] of bad) {
  t.test(`refused: ${name}`, async (t) => {
    const planned = planSubnet(wanted, 22)
    t.notOk(planned.ok)
    if (!planned.ok) t.match(planned.problem, says)
  })
}

t.test(
  'prefixes of hardware addresses that are local and unicast, without the shared first',
  async (t) => {
    const prefixes = [...macPrefixes('aa:00:0', 65_536)]
    t.equal(prefixes.length, 16_383)
    t.strictSame(prefixes.slice(0, 2), ['aa:00:1', 'aa:00:2'])
    t.equal(prefixes[14], 'aa:00:f')
    t.equal(prefixes[15], 'aa:01:0')
    t.equal(prefixes[4094], 'aa:ff:f')
    t.equal(prefixes[4095], 'ae:00:0')
    t.strictSame(
      new Set(prefixes.map((prefix) => prefix.slice(0, 2))),
      new Set(['aa', 'ae', 'b2', 'b6']),
    )
  },
)

t.test('a base whose first digit is zero keeps it', async (t) => {
  t.strictSame([...macPrefixes('02:00:0', 3)], ['02:00:1', '02:00:2'])
})

t.test('a base near the end gives what there is', async (t) => {
  t.strictSame([...macPrefixes('fe:ff:d', 100)], ['fe:ff:e', 'fe:ff:f'])
})

t.test('bridges count from one', async (t) => {
  t.strictSame([...bridgeNames('prv', 3)], ['prv1', 'prv2', 'prv3'])
})
