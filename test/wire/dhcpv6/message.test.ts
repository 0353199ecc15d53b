import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { type Duid, decodeDuid, encodeDuid } from '#wire/dhcpv6/duid.js'
import { type Dhcpv6Message, decodeDhcpv6, encodeDhcpv6 } from '#wire/dhcpv6/message.js'
import type { Dhcpv6Option } from '#wire/dhcpv6/option.js'
import { type Dhcpv6Span, readDhcpv6Request } from '#wire/dhcpv6/request.js'
import { anyDomain, anyIpv6, anyMac, anyU16, anyU32, record } from '../../support/arbitrary.js'
import { hexBytes, hexText, packetFixture, packetNames } from '../../support/packet.js'

const is = <T extends string, C extends number>(kind: T, ...codes: readonly C[]) => ({
  kind: fc.constant(kind),
  code: fc.constantFrom(...codes),
})
const text = fc.stringMatching(/^[ -~]{0,40}$/)

const plain: readonly fc.Arbitrary<Dhcpv6Option>[] = [
  record({ ...is('bytes', 1, 2, 11, 15, 16, 17, 56, 200, 65000), value: fc.uint8Array() }),
  record(is('flag', 14, 20)),
  record({ ...is('number', 7), value: fc.nat({ max: 255 }) }),
  record({ ...is('number', 8), value: anyU16 }),
  record({ ...is('number', 32, 82, 83), value: anyU32 }),
  record({ ...is('numbers', 6, 61), values: fc.array(anyU16, { maxLength: 20 }) }),
  record({ ...is('addresses', 22, 23, 31), addresses: fc.array(anyIpv6, { maxLength: 4 }) }),
  record({ ...is('names', 21, 24), names: fc.array(anyDomain, { maxLength: 4 }) }),
  record({ ...is('text', 59, 103), text }),
  record({ ...is('status', 13), status: anyU16, message: text }),
  record({
    ...is('fqdn', 39),
    flags: fc.nat({ max: 7 }),
    name: anyDomain,
    isComplete: fc.boolean(),
  }),
]
const nested = (depth: number): fc.Arbitrary<readonly Dhcpv6Option[]> =>
  fc.array(depth === 0 ? fc.oneof(...plain) : option(depth - 1), { maxLength: 3 })

function option(depth: number): fc.Arbitrary<Dhcpv6Option> {
  const options = nested(depth)
  return fc.oneof(
    ...plain,
    record({
      ...is('association', 3, 25),
      iaid: anyU32,
      renewSeconds: anyU32,
      rebindSeconds: anyU32,
      options,
    }),
    record({ ...is('temporary-association', 4), iaid: anyU32, options }),
    record({
      ...is('address', 5),
      address: anyIpv6,
      preferredSeconds: anyU32,
      validSeconds: anyU32,
      options,
    }),
    record({
      ...is('prefix', 26),
      prefix: record({ address: anyIpv6, prefixLength: fc.nat({ max: 128 }) }),
      preferredSeconds: anyU32,
      validSeconds: anyU32,
      options,
    }),
  )
}

const message: fc.Arbitrary<Dhcpv6Message> = record({
  type: fc.nat({ max: 255 }).filter((type) => type !== 12 && type !== 13),
  transactionId: fc.nat({ max: 0xffffff }),
  options: fc.array(option(2), { maxLength: 6 }),
})

t.test('what is written is read again', async () => {
  fc.assert(
    fc.property(message, fc.nat({ max: 5 }), (value, at) => {
      const bytes = new Uint8Array(100_000)
      const written = encodeDhcpv6(value, bytes, at)
      assert.deepEqual(decodeDhcpv6(bytes, at, written), value)
    }),
    { numRuns: 300 },
  )
})

/** Random options of known codes, so that the shapes are reached. */
const almost = fc
  .array(fc.tuple(fc.nat({ max: 62 }), fc.uint8Array({ maxLength: 40 })), { maxLength: 6 })
  .map((options) =>
    Uint8Array.from([
      ...[1, 0, 0, 1],
      ...options.flatMap(([code, value]) => [0, code, 0, value.length, ...value]),
    ]),
  )

t.test('no bytes make it throw, and what is read is written as it was', async () => {
  fc.assert(
    fc.property(fc.oneof(almost, fc.uint8Array({ maxLength: 120 })), (bytes) => {
      readDhcpv6Request(bytes, 0, bytes.length)
      const value = decodeDhcpv6(bytes, 0, bytes.length)
      if (value === undefined) return
      const again = new Uint8Array(bytes.length)
      assert.equal(encodeDhcpv6(value, again, 0), bytes.length)
      assert.equal(hexText(again), hexText(bytes))
    }),
    { numRuns: 1500 },
  )
})

/** The span as bytes; undefined for an option that is not there. */
function bytesOf(bytes: Uint8Array, { at, length }: Dhcpv6Span): Uint8Array | undefined {
  return at === 0 ? undefined : bytes.slice(at, at + length)
}

/** The first option of a code, as the codec reads it. */
function first(value: Dhcpv6Message, code: number): Uint8Array | undefined {
  const found = value.options.find((it) => it.code === code)
  if (found === undefined) return undefined
  const bytes = new Uint8Array(70_000)
  const written = encodeDhcpv6({ type: 1, transactionId: 0, options: [found] }, bytes, 0)
  return bytes.slice(8, written)
}

t.test('the reader for requests sees what the codec sees', async () => {
  fc.assert(
    fc.property(message, (value) => {
      const bytes = new Uint8Array(100_000)
      // a place of 0 means "none", and no packet begins with its message
      const end = 62 + encodeDhcpv6(value, bytes, 62)
      const read = readDhcpv6Request(bytes, 62, end)
      assert.equal(read?.type, value.type)
      assert.equal(read?.transactionId, value.transactionId)
      if (read === undefined) return
      const spans = [
        [1, read.clientId],
        [2, read.serverId],
        [6, read.optionRequest],
        [15, read.userClass],
        [16, read.vendorClass],
        [61, read.architectures],
      ] as const
      for (const [code, span] of spans)
        assert.deepEqual(bytesOf(bytes, span), first(value, code), `option ${code}`)
      assert.equal(
        read.hasRapidCommit,
        value.options.some(({ code }) => code === 14),
      )
      assert.equal(read.fqdnFlags, value.options.find((it) => it.kind === 'fqdn')?.flags)
      assert.deepEqual(
        read.associations.map(({ code, iaid }) => [code, iaid]),
        value.options.flatMap((it) => ('iaid' in it ? [[it.code, it.iaid]] : [])),
      )
    }),
    { numRuns: 300 },
  )
})

for (const golden of packetNames('dhcpv6-')) {
  t.test(`${golden} is written as it was read, and nothing in it is unknown`, async (t) => {
    const bytes = packetFixture(golden)
    const value = decodeDhcpv6(bytes, 62, bytes.length - 62)
    if (value === undefined) throw new Error('is not read')
    const again = new Uint8Array(bytes.length - 62)
    t.equal(encodeDhcpv6(value, again, 0), again.length)
    t.equal(hexText(again), hexText(bytes.subarray(62)))
    const opaque = value.options.flatMap((it) => (it.kind === 'bytes' ? [it.code] : []))
    t.strictSame(
      opaque.filter((code) => ![1, 2, 16, 17, 56].includes(code)),
      [],
    )
  })
}

t.test("dhclient's rebind says which address it has", async (t) => {
  const bytes = packetFixture('dhcpv6-rebind-dhclient')
  t.match(decodeDhcpv6(bytes, 62, bytes.length - 62), {
    type: 6,
    options: [
      { kind: 'bytes', code: 1 },
      { kind: 'numbers', code: 6 },
      { kind: 'number', code: 8 },
      {
        kind: 'association',
        code: 3,
        options: [{ kind: 'address', address: '2001:db8:1::301' }],
      },
      { kind: 'association', code: 25 },
    ],
  })
})

t.test('a relayed message is refused (RFC 9915 §9)', async (t) => {
  const bytes = hexBytes(`0c00 ${'00'.repeat(32)}`)
  t.equal(decodeDhcpv6(bytes, 0, bytes.length), undefined)
})

t.test('more than 16 associations are refused', async (t) => {
  const associations = (count: number) => hexBytes(`01000001 ${'0004 0004 00000001'.repeat(count)}`)
  t.equal(readDhcpv6Request(associations(16), 0, 4 + 16 * 8)?.associations.length, 16)
  t.equal(readDhcpv6Request(associations(17), 0, 4 + 17 * 8), undefined)
})

t.test('options stand in options at most so deep', async (t) => {
  const inside = (depth: number): string => {
    if (depth === 0) return ''
    const rest = inside(depth - 1)
    const length = (4 + rest.length / 2).toString(16).padStart(4, '0')
    return `0004${length}00000001${rest}`
  }
  const bytes = hexBytes(`01000001${inside(200)}`)
  t.match(decodeDhcpv6(bytes, 0, bytes.length), { options: [{ kind: 'temporary-association' }] })
})

const duid: fc.Arbitrary<Duid> = fc.oneof(
  record({
    kind: fc.constant('llt'),
    timeSeconds: anyU32,
    mac: anyMac,
  }),
  record({
    kind: fc.constant('en'),
    enterprise: anyU32,
    id: fc.uint8Array({ minLength: 1, maxLength: 124 }),
  }),
  record({ kind: fc.constant('ll'), mac: anyMac }),
  record({
    kind: fc.constant('uuid'),
    uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  }),
  record({
    kind: fc.constant('other'),
    type: fc.integer({ min: 5, max: 0xffff }),
    id: fc.uint8Array({ minLength: 1, maxLength: 128 }),
  }),
)

t.test('identifiers are read as they were written (RFC 9915 §11)', async () => {
  fc.assert(
    fc.property(duid, (value) => {
      assert.deepEqual(decodeDuid(encodeDuid(value)), value)
    }),
    { numRuns: 200 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 140 }), (bytes) => {
      const value = decodeDuid(bytes)
      if (value) assert.equal(hexText(encodeDuid(value)), hexText(bytes))
      else assert.ok(bytes.length < 3 || bytes.length > 130)
    }),
    { numRuns: 300 },
  )
})
