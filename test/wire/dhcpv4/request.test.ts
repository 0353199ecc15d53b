import fc from 'fast-check'
import t, { type Test } from 'tap'
import { readU16, readU32 } from '#wire/bytes.js'
import { type Dhcpv4Message, decodeDhcpv4, encodeDhcpv4 } from '#wire/dhcpv4/message.js'
import { type Dhcpv4Request, readDhcpv4Request } from '#wire/dhcpv4/request.js'
import { dhcpv4Messages } from '../../support/dhcpv4.js'
import { packetFixture, packetNames } from '../../support/packet.js'

const messageAt = 42

/** Options that the reader says where to find. */
const stretches = [
  ['parameterList', 55],
  ['vendorClass', 60],
  ['clientId', 61],
  ['userClass', 77],
  ['fqdn', 81],
  ['relayInfo', 82],
] as const

for (const name of packetNames('dhcpv4-')) {
  t.test(`${name}: the reader finds what the decoder finds`, async (t) => {
    const frame = packetFixture(name)
    const end = messageAt + readU16(frame, 38) - 8
    agree(t, frame, messageAt, end)
    t.not(readDhcpv4Request(frame, messageAt, end), undefined)
  })
}

/** Options that matter, with lengths that they have and some that they cannot have; the same code may come again. */
const pieces = fc.array(
  fc.record({
    code: fc.constantFrom(12, 50, 53, 54, 55, 57, 60, 61, 77, 80, 81, 82, 93, 97, 255, 0),
    value: fc.oneof(
      fc.constantFrom(new Uint8Array(0), Uint8Array.of(1), Uint8Array.of(2, 64)),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ maxLength: 20 }),
    ),
  }),
  { maxLength: 14 },
)

t.test(
  'the reader agrees with the decoder on whatever options come, in whatever pieces',
  async (t) => {
    let readable = 0
    fc.assert(
      fc.property(dhcpv4Messages, pieces, fc.nat(4), (message, list, overload) => {
        const bytes = new Uint8Array(4000)
        encodeDhcpv4({ ...message, options: [] }, bytes, 5)
        const parts =
          overload === 0 ? list : [{ code: 52, value: Uint8Array.of(overload) }, ...list]
        const options = parts.flatMap(({ code, value }) => [code, value.length, ...value])
        bytes.set(options, 5 + 240)
        agree(t, bytes, 5, 5 + 240 + options.length)
        if (readDhcpv4Request(bytes, 5, 5 + 240 + options.length) !== undefined) readable++
      }),
      { numRuns: 3000 },
    )
    t.ok(readable > 300, `${readable} were readable`)
  },
)

t.test('options in pieces are put together (RFC 3396 §7)', async (t) => {
  const message = golden('request-selecting-dhclient')
  const bytes = new Uint8Array(600)
  encodeDhcpv4({ ...message, options: [] }, bytes, 0)
  bytes.set([53, 1, 3, 61, 2, 1, 0xaa, 50, 2, 192, 0, 61, 2, 0xbb, 0xcc, 50, 2, 2, 10, 255], 240)
  const request = readDhcpv4Request(bytes, 0, 300)
  t.equal(request?.messageType, 3)
  t.equal(request?.requestedAddress, 0xc000_020a)
  t.same(request && part(request, 'clientId'), [1, 0xaa, 0xbb, 0xcc])
})

t.test('a message shorter than its fields is refused', async (t) => {
  t.equal(readDhcpv4Request(new Uint8Array(300), 0, 235), undefined)
  t.equal(readDhcpv4Request(new Uint8Array(300), 0, 236)?.messageType, 0)
})

/** Both readings of a message say the same, or both say that it cannot be read. */
function agree(t: Test, bytes: Uint8Array, at: number, end: number): void {
  const request = readDhcpv4Request(bytes, at, end)
  const message = decodeDhcpv4(bytes, at, end - at)
  const sound = message !== undefined && hasSoundLengths(message) ? message : undefined
  if (request === undefined || sound === undefined) {
    t.equal(request, undefined)
    t.equal(sound, undefined)
    return
  }
  t.same(numbersOf(request), numbersExpected(sound))
  for (const [what, code] of stretches) {
    t.same(part(request, what), Array.from(optionOf(sound, code) ?? []), `option ${code}`)
  }
}

/** RFC 2132 §9.1, §9.6, §9.7, §9.10; RFC 4578 §2.1. */
function hasSoundLengths(message: Dhcpv4Message): boolean {
  const fixed: readonly [number, number][] = [
    [50, 4],
    [53, 1],
    [54, 4],
    [57, 2],
  ]
  const architectures = optionOf(message, 93)
  return (
    fixed.every(([code, length]) =>
      [undefined, length].includes(optionOf(message, code)?.length),
    ) &&
    (architectures === undefined || (architectures.length >= 2 && architectures.length % 2 === 0))
  )
}

function numbersOf(request: Dhcpv4Request) {
  const { op, htype, hlen, xid, flags, ciaddr, giaddr, chaddr, hasOptions, messageType } = request
  const { requestedAddress, serverIdentifier, maximumMessageSize } = request
  const { clientArchitecture, hasRapidCommit } = request
  const header = { op, htype, hlen, xid, flags, ciaddr, giaddr, chaddr, hasOptions, messageType }
  const options = { requestedAddress, serverIdentifier, maximumMessageSize }
  return { ...header, ...options, clientArchitecture, hasRapidCommit }
}

function numbersExpected(message: Dhcpv4Message): ReturnType<typeof numbersOf> {
  const { op, htype, hlen, xid, flags, ciaddr, giaddr, chaddr, options } = message
  const architectures = optionOf(message, 93)
  return {
    ...{ op, htype, hlen, xid, flags, ciaddr, giaddr },
    chaddr: readU16(chaddr, 0) * 2 ** 32 + readU32(chaddr, 2),
    hasOptions: options !== undefined,
    messageType: optionOf(message, 53)?.[0] ?? 0,
    requestedAddress: numberOf(message, 50),
    serverIdentifier: numberOf(message, 54),
    maximumMessageSize: readU16(optionOf(message, 57) ?? new Uint8Array(2), 0),
    clientArchitecture: architectures === undefined ? -1 : readU16(architectures, 0),
    hasRapidCommit: optionOf(message, 80) !== undefined,
  }
}

function part(request: Dhcpv4Request, what: (typeof stretches)[number][0]): readonly number[] {
  const at = request[`${what}At`]
  return Array.from(request.source.subarray(at, at + request[`${what}Length`]))
}

function numberOf(message: Dhcpv4Message, code: number): number {
  return readU32(optionOf(message, code) ?? new Uint8Array(4), 0)
}

function optionOf({ options }: Dhcpv4Message, code: number): Uint8Array | undefined {
  return options?.find((option) => option.code === code)?.value
}

function golden(name: string): Dhcpv4Message {
  const frame = packetFixture(`dhcpv4-${name}`)
  const message = decodeDhcpv4(frame, messageAt, frame.length - messageAt)
  if (message === undefined) throw new Error(`${name} does not decode`)
  return message
}
