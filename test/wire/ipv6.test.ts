import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Ipv6 } from '#addr/ipv6.js'
import {
  decodeIpv6,
  encodeIpv6,
  findIpv6Payload,
  type Ipv6Extension,
  type Ipv6Header,
} from '#wire/ipv6.js'
import { anyIpv6, record } from '../support/arbitrary.js'
import { hexBytes, hexText, packetFixture, packetNames } from '../support/packet.js'

const options: fc.Arbitrary<Ipv6Extension> = record({
  kind: fc.constant('options'),
  protocol: fc.constantFrom(0, 43, 60),
  body: fc
    .tuple(fc.nat({ max: 3 }), fc.uint8Array({ minLength: 30, maxLength: 30 }))
    .map(([units, bytes]) => bytes.slice(0, 6 + units * 8)),
})
const wholeFragment: Ipv6Extension = {
  kind: 'fragment',
  offsetBytes: 0,
  isMoreFragments: false,
  identification: 0xdeadbeef,
}
const header: fc.Arbitrary<Ipv6Header> = record({
  trafficClass: fc.nat({ max: 255 }),
  flowLabel: fc.nat({ max: 0xfffff }),
  hopLimit: fc.nat({ max: 255 }),
  source: anyIpv6,
  destination: anyIpv6,
  extensions: fc.array(fc.oneof(options, fc.constant(wholeFragment)), { maxLength: 8 }),
  protocol: fc.constantFrom(6, 17, 58, 59),
  payloadLength: fc.nat({ max: 64 }),
})

t.test('what is written is read again', async () => {
  fc.assert(
    fc.property(header, fc.nat({ max: 5 }), (value, at) => {
      const bytes = new Uint8Array(600)
      const written = encodeIpv6(value, bytes, at)
      assert.deepEqual(decodeIpv6(bytes, at, written + value.payloadLength), value)
      assert.equal(findIpv6Payload(bytes, at, written + value.payloadLength)?.at, at + written)
    }),
    { numRuns: 300 },
  )
})

t.test('no bytes make it throw or read past the end', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat({ max: 60 }), (bytes, protocol) => {
      bytes[0] = 0x60
      if (bytes.length > 6) bytes[6] = protocol
      bytes.fill(0, 4, 5)
      const payload = findIpv6Payload(bytes, 0, bytes.length)
      assert.equal(decodeIpv6(bytes, 0, bytes.length) === undefined, payload === undefined)
      assert.ok(payload === undefined || payload.at + payload.length <= bytes.length)
    }),
    { numRuns: 1000 },
  )
})

for (const name of [...packetNames('ndp-'), ...packetNames('dhcpv6-')]) {
  t.test(`${name}: the header is written as it was read`, async (t) => {
    const bytes = packetFixture(name)
    const value = decodeIpv6(bytes, 14, bytes.length - 14)
    if (value === undefined) throw new Error('is no IPv6')
    const again = new Uint8Array(40)
    t.equal(encodeIpv6(value, again, 0), 40)
    t.equal(hexText(again), hexText(bytes.subarray(14, 54)))
  })
}

const base: Ipv6Header = {
  trafficClass: 0,
  flowLabel: 0,
  hopLimit: 255,
  source: 'fe80::2' as Ipv6,
  destination: 'ff02::2' as Ipv6,
  extensions: [],
  protocol: 58,
  payloadLength: 8,
}
const pad: Ipv6Extension = { kind: 'options', protocol: 60, body: hexBytes('0104 00000000') }

/** The packet of a header, with zeros for payload. */
function packetOf(value: Ipv6Header): Uint8Array {
  const bytes = new Uint8Array(400)
  return bytes.slice(0, encodeIpv6(value, bytes, 0) + value.payloadLength)
}

function payloadOf(bytes: Uint8Array) {
  return findIpv6Payload(bytes, 0, bytes.length)
}

t.test('extension headers are walked over (RFC 8200 §4)', async (t) => {
  const bytes = packetOf({ ...base, extensions: [{ ...pad, protocol: 0 }, pad] })
  t.match(payloadOf(bytes), { protocol: 58, at: 56, length: 8, fragment: 'none' })
})

t.test('eight extension headers are read, nine are not', async (t) => {
  t.ok(payloadOf(packetOf({ ...base, extensions: new Array<Ipv6Extension>(8).fill(pad) })))
  const nine = packetOf({ ...base, extensions: new Array<Ipv6Extension>(9).fill(pad) })
  t.equal(payloadOf(nine), undefined)
})

t.test('the payload begins in the first fragment only (RFC 8200 §4.5)', async (t) => {
  const first = { ...wholeFragment, isMoreFragments: true }
  t.match(payloadOf(packetOf({ ...base, extensions: [first] })), { fragment: 'first' })
  const later: Ipv6Extension = { ...wholeFragment, offsetBytes: 8 }
  t.match(payloadOf(packetOf({ ...base, extensions: [later], protocol: 0 })), {
    fragment: 'later',
    protocol: 0,
    at: 48,
  })
})

t.test('a routing header that names further stations is told of (RFC 8200 §4.4)', async (t) => {
  const routing = { kind: 'options', protocol: 43, body: hexBytes('0400 00000000') } as const
  t.match(payloadOf(packetOf({ ...base, extensions: [routing] })), { isRouted: false })
  const further = { ...routing, body: hexBytes('0401 00000000') }
  t.match(payloadOf(packetOf({ ...base, extensions: [further] })), { isRouted: true })
})

t.test('what is cut off or no IPv6 is refused', async (t) => {
  const bytes = packetOf({ ...base, extensions: [pad] })
  for (let length = 0; length < bytes.length; length++)
    t.equal(findIpv6Payload(bytes, 0, length), undefined, `${length} bytes`)
  t.ok(findIpv6Payload(bytes, 0, bytes.length))
  bytes[0] = 0x40
  t.equal(payloadOf(bytes), undefined)
})
