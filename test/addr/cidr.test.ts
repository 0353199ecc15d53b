import fc from 'fast-check'
import t from 'tap'
import {
  broadcast4,
  contains4,
  contains6,
  formatCidr,
  hostNumber4,
  maskNumber4,
  network4,
  network6,
  parseCidr4,
  parseCidr6,
  subprefix6,
} from '#addr/cidr.js'
import { type Ipv4, ipv4Number, ipv4OfNumber, parseIpv4 } from '#addr/ipv4.js'
import { type Ipv6, ipv6Bytes, ipv6OfBytes, parseIpv6 } from '#addr/ipv6.js'

const networks: readonly [string, string, string | undefined][] = [
  ['192.0.2.77/24', '192.0.2.0', '192.0.2.255'],
  ['192.0.2.77/32', '192.0.2.77', undefined],
  ['192.0.2.77/31', '192.0.2.76', undefined],
  ['192.0.2.77/30', '192.0.2.76', '192.0.2.79'],
  ['255.255.255.255/0', '0.0.0.0', '255.255.255.255'],
  ['10.255.1.2/9', '10.128.0.0', '10.255.255.255'],
]

for (const [text, first, last] of networks) {
  t.test(`${text} goes from ${first} to ${last ?? 'itself'}`, async (t) => {
    const cidr = parseCidr4(text)
    if (cidr === undefined) throw new Error('is no network')
    t.equal(network4(cidr), first)
    t.equal(broadcast4(cidr), last)
    t.equal(formatCidr(cidr), text)
    t.ok(contains4(cidr, first as Ipv4))
  })
}

t.test('what is no network is none', async (t) => {
  for (const text of [
    '192.0.2.0',
    '192.0.2.0/33',
    '192.0.2.0/-1',
    '192.0.2.0/024',
    '/24',
    '192.0.2.0/24/1',
    '',
  ])
    t.equal(parseCidr4(text), undefined, text)
  for (const text of ['2001:db8::', '2001:db8::/129', '2001:db8::/', '::/0 '])
    t.equal(parseCidr6(text), undefined, text)
})

t.test('IPv6 networks end inside bytes too', async (t) => {
  const cidr = parseCidr6('2001:db8:0:ff::1/61')
  if (cidr === undefined) throw new Error('is no network')
  t.equal(network6(cidr), '2001:db8:0:f8::')
  t.ok(contains6(cidr, parseIpv6('2001:db8:0:f8::') as Ipv6))
  t.notOk(contains6(cidr, parseIpv6('2001:db8:0:100::') as Ipv6))
  const all = parseCidr6('::/0')
  t.ok(all && contains6(all, cidr.address))
})

t.test('numbers and bytes are the address', async (t) => {
  t.equal(maskNumber4(0), 0)
  t.equal(maskNumber4(20), 0xfffff000)
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 32 - 1 }), (number) => {
      t.equal(ipv4Number(ipv4OfNumber(number)), number)
      t.equal(parseIpv4(ipv4OfNumber(number)), ipv4OfNumber(number))
    }),
    { numRuns: 200 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      t.strictSame(ipv6Bytes(ipv6OfBytes(bytes)), bytes)
      t.equal(parseIpv6(ipv6OfBytes(bytes)), ipv6OfBytes(bytes))
    }),
    { numRuns: 200 },
  )
})

t.test('a network consists of equally long ones, by number', async (t) => {
  const cases = [
    ['2001:db8:100::/48', 64, 0, '2001:db8:100::/64'],
    ['2001:db8:100::/48', 64, 2, '2001:db8:100:2::/64'],
    ['2001:db8:100::1/48', 64, 0xffff, '2001:db8:100:ffff::/64'],
    ['2001:db8:100::/48', 56, 3, '2001:db8:100:300::/56'],
    ['2001:db8:100::/48', 61, 5, '2001:db8:100:28::/61'],
    ['2001:db8::/32', 64, 0xffffffff, '2001:db8:ffff:ffff::/64'],
    ['2001:db8:100::/64', 64, 0, '2001:db8:100::/64'],
    ['2001:db8:100::/48', 64, 0x10000, undefined],
    ['2001:db8:100::/64', 64, 1, undefined],
  ] as const
  for (const [text, length, number, expected] of cases) {
    const network = parseCidr6(text)
    if (network === undefined) throw new Error(text)
    const found = subprefix6(network, { length, number })
    t.equal(found && formatCidr(found), expected, `${number} of ${text}`)
  }
})

t.test('addresses are counted from the first of their network', async (t) => {
  const cases = [
    ['192.0.2.0/24', '192.0.2.7', 7],
    ['10.1.0.0/16', '10.1.2.3', 515],
    ['0.0.0.0/0', '255.255.255.255', 0xffffffff],
    ['192.0.2.7/32', '192.0.2.7', 0],
  ] as const
  for (const [text, address, number] of cases) {
    const network = parseCidr4(text)
    const parsed = parseIpv4(address)
    t.equal(network && parsed && hostNumber4(network, parsed), number, address)
  }
})
