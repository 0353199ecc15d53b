import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { parseIpv4 } from '#addr/ipv4.js'
import { parseIpv6 } from '#addr/ipv6.js'

/** RFC 5952 §4 and RFC 4291 §2.2. */
const addresses: readonly [string, string | undefined][] = [
  ['2001:DB8::1', '2001:db8::1'],
  ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['1:2:3:4:5:6:7', undefined],
  ['1:2:3:4:5:6:7:8:9', undefined],
  ['1::2::3', undefined],
  ['1:2:3:4:5:6:7::8', undefined],
  ['12345::', undefined],
  ['fe80::1%eth0', undefined],
  ['', undefined],
  [':', undefined],
]

for (const [text, canonical] of addresses) {
  t.test(`${text || '(nothing)'} is ${canonical ?? 'no IPv6 address'}`, async (t) => {
    t.equal(parseIpv6(text), canonical)
  })
}

t.test(
  'agrees with Node on what an IPv6 address is, and canonical text stays as it is',
  async (t) => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const address = parseIpv6(text)
        t.equal(address !== undefined, isIPv6(text), text)
        if (address !== undefined) t.equal(parseIpv6(address), address)
      }),
      { numRuns: 500 },
    )
  },
)

for (const [text, isAddress] of [
  ['192.0.2.1', true],
  ['0.0.0.0', true],
  ['192.0.2.256', false],
  ['192.0.2', false],
  ['192.0.2.01', false],
  ['192.0.2.1 ', false],
] as const) {
  t.test(`${text} is ${isAddress ? 'an' : 'no'} IPv4 address`, async (t) => {
    t.equal(parseIpv4(text) !== undefined, isAddress)
  })
}
