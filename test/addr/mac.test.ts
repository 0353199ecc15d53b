import fc from 'fast-check'
import t from 'tap'
import { parseCidr6 } from '#addr/cidr.js'
import { eui64Address, linkLocalOfMac } from '#addr/eui64.js'
import { parseIfName } from '#addr/if-name.js'
import { isGroupMac, type Mac, macBytes, macNumber, macOfNumber, parseMac } from '#addr/mac.js'

const macs: readonly [string, string | undefined][] = [
  ['AA:00:00:12:34:56', 'aa:00:00:12:34:56'],
  ['aa-00-00-12-34-56', 'aa:00:00:12:34:56'],
  ['aa-00:00-12:34-56', undefined],
  ['aa:0:0:12:34:56', undefined],
  ['aa:00:00:12:34', undefined],
  ['aa:00:00:12:34:56:78', undefined],
  ['', undefined],
]

for (const [text, canonical] of macs) {
  t.test(`${text || '(nothing)'} is ${canonical ?? 'no hardware address'}`, async (t) => {
    t.equal(parseMac(text), canonical)
  })
}

t.test('a number and its hardware address are the same thing', async (t) => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 48 - 1 }), (number) => {
      const mac = macOfNumber(number)
      t.equal(parseMac(mac), mac)
      t.equal(macNumber(mac), number)
      t.strictSame(
        [...macBytes(mac)].reduce((sum, byte) => sum * 256 + byte, 0),
        number,
      )
    }),
    { numRuns: 200 },
  )
})

t.test('interface identifiers are those of RFC 4291 appendix A', async (t) => {
  const mac = parseMac('cc:47:52:4e:45:54') as Mac
  t.equal(linkLocalOfMac(mac), 'fe80::ce47:52ff:fe4e:4554')
  const network = parseCidr6('2001:db8:1::/64')
  const shorter = parseCidr6('2001:db8:1::/56')
  if (network === undefined || shorter === undefined) throw new Error('bad test')
  t.equal(eui64Address(network, mac), '2001:db8:1:0:ce47:52ff:fe4e:4554')
  t.equal(eui64Address(shorter, mac), undefined, 'only a /64 leaves 64 bits')
  t.equal(isGroupMac(mac), false)
  t.equal(isGroupMac(parseMac('33:33:00:00:00:01') as Mac), true)
})

t.test(
  'names of interfaces are what the kernel takes and nothing else means something by',
  async (t) => {
    for (const name of ['tap0', 'br0.100', 'gnt.com.0', 'a', '123456789012345'])
      t.equal(parseIfName(name), name)
    for (const name of [
      '',
      '.',
      '..',
      '-x',
      '1234567890123456',
      'a/b',
      'a b',
      'tap*',
      'täp',
      'a;b',
      'a\n',
    ])
      t.equal(parseIfName(name), undefined, name)
  },
)
