import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { ndpOptionBytes } from '#wire/ndp/encode-option.js'
import { decodeNdp, encodeNdp, type NdpMessage } from '#wire/ndp/message.js'
import type { NdpOption } from '#wire/ndp/option.js'
import { anyDomain, anyIpv6, anyMac, anyNetwork6, anyU32, record } from '../../support/arbitrary.js'
import { hexBytes, hexText, packetFixture, packetNames } from '../../support/packet.js'

const preference = fc.constantFrom('low', 'medium', 'high')
const is = <T extends string>(kind: T) => ({ kind: fc.constant(kind) })
const body = fc
  .tuple(fc.nat({ max: 3 }), fc.uint8Array({ minLength: 30, maxLength: 30 }))
  .map(([units, bytes]) => bytes.slice(0, 6 + units * 8))

const option: fc.Arbitrary<NdpOption> = fc.oneof(
  record({ ...is('source-link-layer-address'), mac: anyMac }),
  record({ ...is('target-link-layer-address'), mac: anyMac }),
  record({
    ...is('prefix'),
    prefix: record({ address: anyIpv6, prefixLength: fc.nat({ max: 128 }) }),
    isOnLink: fc.boolean(),
    isAutonomous: fc.boolean(),
    isRouterAddress: fc.boolean(),
    isDelegationPreferred: fc.boolean(),
    validSeconds: anyU32,
    preferredSeconds: anyU32,
  }),
  record({ ...is('mtu'), mtu: anyU32 }),
  record({
    ...is('route'),
    prefix: anyNetwork6(fc.nat({ max: 128 })),
    preference,
    lifetimeSeconds: anyU32,
  }),
  record({
    ...is('dns-servers'),
    lifetimeSeconds: anyU32,
    addresses: fc.array(anyIpv6, { minLength: 1, maxLength: 4 }),
  }),
  record({
    ...is('dns-search-list'),
    lifetimeSeconds: anyU32,
    names: fc.array(anyDomain, { minLength: 1, maxLength: 4 }),
  }),
  record({
    ...is('pref64'),
    prefix: anyNetwork6(fc.constantFrom(96, 64, 56, 48, 40, 32)),
    lifetimeSeconds: fc.nat({ max: 8191 }).map((units) => units * 8),
  }),
  record({ ...is('captive-portal'), uri: fc.stringMatching(/^[!-~]{1,60}$/) }),
  record({ ...is('raw'), type: fc.constantFrom(4, 7, 14, 200), body }),
)
const list = fc.array(option, { maxLength: 8 })

const message: fc.Arbitrary<NdpMessage> = fc.oneof(
  record({ ...is('router-solicitation'), options: list }),
  record({
    ...is('router-advertisement'),
    hopLimit: fc.nat({ max: 255 }),
    isManaged: fc.boolean(),
    hasOtherConfig: fc.boolean(),
    preference,
    routerLifetimeSeconds: fc.nat({ max: 0xffff }),
    reachableMs: anyU32,
    retransMs: anyU32,
    options: list,
  }),
  record({ ...is('neighbour-solicitation'), target: anyIpv6, options: list }),
  record({
    ...is('neighbour-advertisement'),
    isRouter: fc.boolean(),
    isSolicited: fc.boolean(),
    isOverride: fc.boolean(),
    target: anyIpv6,
    options: list,
  }),
)

t.test('what is written is read again', async () => {
  fc.assert(
    fc.property(message, fc.nat({ max: 5 }), (value, at) => {
      const bytes = new Uint8Array(4000)
      const written = encodeNdp(value, bytes, at)
      assert.deepEqual(decodeNdp(bytes, at, written), value)
    }),
    { numRuns: 400 },
  )
})

t.test('no bytes make it throw', async () => {
  const random = fc.tuple(fc.constantFrom(133, 134, 135, 136), fc.uint8Array({ maxLength: 90 }))
  fc.assert(
    fc.property(random, ([type, rest]) => {
      const bytes = Uint8Array.of(type, 0, ...rest)
      const value = decodeNdp(bytes, 0, bytes.length)
      if (value !== undefined) encodeNdp(value, new Uint8Array(4000), 0)
    }),
    { numRuns: 1000 },
  )
})

for (const golden of packetNames('ndp-')) {
  t.test(`${golden} is written as it was read`, async (t) => {
    const bytes = packetFixture(golden)
    const value = decodeNdp(bytes, 54, bytes.length - 54)
    if (value === undefined) throw new Error('is not read')
    const again = new Uint8Array(bytes.length - 54)
    t.equal(encodeNdp(value, again, 0), again.length)
    again.set(bytes.subarray(56, 58), 2)
    t.equal(hexText(again), hexText(bytes.subarray(54)))
  })
}

t.test("radvd's advertisement says what it was configured to say", async (t) => {
  const bytes = packetFixture('ndp-ra-radvd')
  t.strictSame(decodeNdp(bytes, 54, bytes.length - 54), {
    kind: 'router-advertisement',
    hopLimit: 64,
    isManaged: false,
    hasOtherConfig: true,
    preference: 'high',
    routerLifetimeSeconds: 1800,
    reachableMs: 0,
    retransMs: 0,
    options: [
      {
        kind: 'prefix',
        prefix: { address: '2001:db8:1::', prefixLength: 64 },
        isOnLink: true,
        isAutonomous: true,
        isRouterAddress: false,
        isDelegationPreferred: false,
        validSeconds: 86400,
        preferredSeconds: 14400,
      },
      {
        kind: 'route',
        prefix: { address: '2001:db8:ff::', prefixLength: 48 },
        preference: 'low',
        lifetimeSeconds: 1800,
      },
      {
        kind: 'dns-servers',
        lifetimeSeconds: 600,
        addresses: ['2001:db8::53', '2001:db8::54'],
      },
      {
        kind: 'dns-search-list',
        lifetimeSeconds: 600,
        names: ['example.org', 'sub.example.net'],
      },
      { kind: 'mtu', mtu: 1500 },
      { kind: 'source-link-layer-address', mac: 'fe:00:00:00:00:01' },
    ],
  })
})

const refused: readonly { readonly what: string; readonly hex: string }[] = [
  { what: 'an option of length 0 (RFC 4861 §4.6)', hex: '8500 0000 00000000 0100 aabbccddeeff' },
  { what: 'an option that is cut off', hex: '8500 0000 00000000 0102 aabbccddeeff' },
  { what: 'one byte of an option', hex: '8500 0000 00000000 01' },
  { what: 'another code', hex: '8501 0000 00000000' },
  { what: 'a message that is cut off', hex: '8500 0000 000000' },
  { what: 'another type', hex: '8000 0000 00000000' },
]
for (const { what, hex } of refused) {
  t.test(`${what} is refused`, async (t) => {
    const bytes = hexBytes(hex)
    t.equal(decodeNdp(bytes, 0, bytes.length), undefined)
  })
}

const raw: readonly { readonly what: string; readonly hex: string }[] = [
  { what: 'a hardware address of another length', hex: '0102 aabbccddeeff aabbccddeeffaabb' },
  { what: 'a prefix longer than 128 bits', hex: `0304 81${'00'.repeat(29)}` },
  { what: 'a route with the reserved preference (RFC 4191 §2.3)', hex: '1801 0010 00000708' },
  { what: 'a route whose prefix is not all there', hex: '1802 4100 00000708 20010db800000000' },
  { what: 'half an address of a name server', hex: '1902 0000 00000258 20010db800000000' },
  {
    what: 'a compressed search list (RFC 8106 §5.2)',
    hex: '1f02 0000 00000258 0161 c000 00000000',
  },
  { what: 'a NAT64 prefix of code 6 (RFC 8781 §4)', hex: `2602 0006 ${'00'.repeat(12)}` },
  { what: 'a portal that is no URI', hex: '2501 61200061 0000' },
]
for (const { what, hex } of raw) {
  t.test(`${what} is kept as it is`, async (t) => {
    const bytes = hexBytes(`8500 0000 00000000 ${hex}`)
    const value = decodeNdp(bytes, 0, bytes.length)
    t.match(value, { options: [{ kind: 'raw' }] })
    t.equal(value && hexText(ndpOptionBytes(value.options[0] as NdpOption)), hexText(hexBytes(hex)))
  })
}
