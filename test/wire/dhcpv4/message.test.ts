import fc from 'fast-check'
import t from 'tap'
import { ipv4OfNumber } from '#addr/ipv4.js'
import { type Dhcpv4Message, decodeDhcpv4, encodeDhcpv4 } from '#wire/dhcpv4/message.js'
import { decodeEthernet, encodeEthernet } from '#wire/ethernet.js'
import { decodeIpv4, encodeIpv4 } from '#wire/ipv4.js'
import { decodeUdp, encodeUdp } from '#wire/udp.js'
import { dhcpv4Messages, textOf } from '../../support/dhcpv4.js'
import { hexBytes, hexText, packetFixture, packetNames } from '../../support/packet.js'

/** Where the message stands in the goldens: behind Ethernet, IPv4 without options, and UDP. */
const messageAt = 42

t.test('a DISCOVER of dhclient is the value that it shows', async (t) => {
  t.same(decodeGolden('discover-dhclient'), {
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 0xa88a6e4b,
    secs: 0,
    flags: 0,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: hexBytes('aa000000000100000000000000000000'),
    sname: new Uint8Array(0),
    file: new Uint8Array(0),
    options: [
      { code: 53, value: Uint8Array.of(1) },
      { code: 12, value: hexBytes('766d') },
      { code: 55, value: Uint8Array.of(1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42) },
    ],
  })
})

t.test('the fields of an answer of dnsmasq', async (t) => {
  const { yiaddr, siaddr, options } = decodeGolden('ack-dnsmasq')
  t.equal(ipv4OfNumber(yiaddr), '192.0.2.10')
  t.equal(ipv4OfNumber(siaddr), '192.0.2.1')
  const lease = options?.find(({ code }) => code === 51)
  t.same(lease?.value, hexBytes('0000a8c0'))
})

for (const name of packetNames('dhcpv4-')) {
  t.test(`${name} comes out as it came in, header by header`, async (t) => {
    const frame = packetFixture(name)
    const again = new Uint8Array(Math.max(frame.length, messageAt + 300))
    const ethernet = decodeEthernet(frame, 0, frame.length)
    const ip = decodeIpv4(frame, 14, frame.length - 14)
    const udp = decodeUdp(frame, 34, frame.length - 34)
    const message = decodeDhcpv4(frame, messageAt, (udp?.length ?? 0) - 8)
    if (!(ethernet && ip && udp && message)) throw new Error('does not decode')
    encodeDhcpv4(message, again, messageAt)
    encodeEthernet(ethernet, again, 0)
    encodeIpv4(ip, again, 14)
    encodeUdp(udp, again, 34)
    t.equal(hexText(again.subarray(0, frame.length)), hexText(frame))
    t.ok(again.subarray(frame.length).every((byte) => byte === 0))
  })
}

t.test('a message is read as it was written', async (t) => {
  const bytes = new Uint8Array(65536)
  fc.assert(
    fc.property(dhcpv4Messages, (message) => {
      const length = encodeDhcpv4(message, bytes, 3)
      t.ok(length >= 300)
      t.same(decodeDhcpv4(bytes, 3, length), message)
    }),
    { numRuns: 300 },
  )
})

t.test('nothing throws, whatever the bytes', async (t) => {
  const message = new Uint8Array(400)
  message.set(packetFixture('dhcpv4-discover-uefi-pxe').subarray(messageAt))
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.integer({ min: 230, max: 400 }),
      fc.nat(420),
      (part, at, length) => {
        const mutated = Uint8Array.from(message)
        mutated.set(part.subarray(0, 400 - at), at)
        const value = decodeDhcpv4(mutated, 0, Math.min(length, 400))
        if (length < 236) t.equal(value, undefined)
      },
    ),
    { numRuns: 3000 },
  )
})

t.test(
  'an option in pieces is one value, pieces in file and sname included (RFC 3396)',
  async (t) => {
    const bytes = withOptions('35 01 01 0c 01 61 34 01 03 0c 01 62 ff')
    bytes.set(hexBytes('0c 01 63 ff'), 108)
    bytes.set(hexBytes('0c 01 64 ff'), 44)
    const message = decodeDhcpv4(bytes, 0, bytes.length)
    t.same(message?.options, [
      { code: 53, value: Uint8Array.of(1) },
      { code: 12, value: hexBytes('61626364') },
    ])
    t.equal(message?.file.length, 0)
    t.equal(message?.sname.length, 0)
  },
)

t.test('an option above 255 bytes is split (RFC 3396 §6)', async (t) => {
  const bytes = new Uint8Array(1500)
  const value = Uint8Array.from({ length: 300 }, (_, index) => index)
  const length = encodeDhcpv4({ ...plain, options: [{ code: 121, value }] }, bytes, 0)
  t.same(Array.from(bytes.subarray(240, 242)), [121, 255])
  t.same(Array.from(bytes.subarray(240 + 257, 240 + 259)), [121, 45])
  t.same(decodeDhcpv4(bytes, 0, length)?.options, [{ code: 121, value }])
})

t.test('what does not fit goes to file, then to sname, and says so (RFC 2132 §9.3)', async (t) => {
  const bytes = new Uint8Array(400)
  const options = [
    { code: 53, value: Uint8Array.of(2) },
    { code: 12, value: new Uint8Array(40).fill(0x61) },
    { code: 15, value: new Uint8Array(100).fill(0x62) },
    { code: 17, value: new Uint8Array(50).fill(0x63) },
  ]
  const length = encodeDhcpv4({ ...plain, options }, bytes, 0, 300)
  t.equal(length, 300)
  t.same(Array.from(bytes.subarray(240, 246)), [53, 1, 2, 52, 1, 3])
  t.equal(textOf(bytes, 110, 3), 'bbb')
  t.equal(textOf(bytes, 46, 3), 'ccc')
  t.same(decodeDhcpv4(bytes, 0, length)?.options, options)
})

t.test('fields in use are not overloaded; what fits nowhere is left out', async (t) => {
  const bytes = new Uint8Array(400)
  const file = hexBytes('2f62')
  const options = [
    { code: 53, value: Uint8Array.of(2) },
    { code: 15, value: new Uint8Array(100).fill(0x62) },
    { code: 12, value: Uint8Array.of(0x61) },
  ]
  const length = encodeDhcpv4({ ...plain, file, options }, bytes, 0, 300)
  const message = decodeDhcpv4(bytes, 0, length)
  t.same(message?.file, file)
  t.same(
    message?.options?.map(({ code }) => code),
    [53, 12],
  )
})

t.test("the relay's information is the last option, and always has room (RFC 3046)", async (t) => {
  const bytes = new Uint8Array(400)
  const options = [
    { code: 53, value: Uint8Array.of(2) },
    { code: 82, value: new Uint8Array(30).fill(1) },
    { code: 15, value: new Uint8Array(20).fill(0x62) },
    { code: 12, value: new Uint8Array(10).fill(0x61) },
  ]
  const length = encodeDhcpv4({ ...plain, options }, bytes, 0, 300)
  t.equal(length, 300)
  t.same(Array.from(bytes.subarray(240, 248)), [53, 1, 2, 52, 1, 1, 12, 10])
  t.same(Array.from(bytes.subarray(258, 260)), [82, 30])
  t.equal(bytes[290], 255)
})

const refused: readonly [string, string][] = [
  ['an option that runs past the end', '35 01 01 0c 40'],
  ['an option without its length', '35 01 01 0c'],
  ['option 52 with a value that means nothing', '34 01 04 ff'],
  ['option 52 twice', '34 01 01 34 01 02 ff'],
]

for (const [what, options] of refused) {
  t.test(`${what} makes a message unreadable`, async (t) => {
    const whole = withOptions(options)
    t.equal(decodeDhcpv4(whole, 0, 240 + hexBytes(options).length), undefined)
  })
}

t.test('a message without an end mark ends with the packet', async (t) => {
  const whole = withOptions('35 01 01')
  t.same(decodeDhcpv4(whole, 0, 243)?.options, [{ code: 53, value: Uint8Array.of(1) }])
})

t.test('a hostile message in a thousand pieces is put together in no time', async (t) => {
  const bytes = new Uint8Array(3240)
  bytes.set(withOptions(''))
  for (let at = 240; at < 3240; at += 3) bytes.set([12, 1, 0x61], at)
  t.equal(decodeDhcpv4(bytes, 0, bytes.length)?.options?.[0]?.value.length, 1000)
})

const plain: Dhcpv4Message = {
  op: 2,
  htype: 1,
  hlen: 6,
  hops: 0,
  xid: 1,
  secs: 0,
  flags: 0,
  ciaddr: 0,
  yiaddr: 0,
  siaddr: 0,
  giaddr: 0,
  chaddr: new Uint8Array(16),
  sname: new Uint8Array(0),
  file: new Uint8Array(0),
  options: [],
}

/** A message of 300 bytes with these options, as hexadecimal digits. */
function withOptions(options: string): Uint8Array {
  const bytes = new Uint8Array(300)
  encodeDhcpv4({ ...plain, op: 1 }, bytes, 0)
  bytes.set(hexBytes(options), 240)
  return bytes
}

function decodeGolden(name: string): Dhcpv4Message {
  const frame = packetFixture(`dhcpv4-${name}`)
  const message = decodeDhcpv4(frame, messageAt, frame.length - messageAt)
  if (message === undefined) throw new Error(`${name} does not decode`)
  return message
}
