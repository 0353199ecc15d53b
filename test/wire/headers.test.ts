import fc from 'fast-check'
import t from 'tap'
import { readU48, writeU48 } from '#wire/bytes.js'
import { isSumValid, sumPseudoHeader4, sumWords } from '#wire/checksum.js'
import {
  decodeEthernet,
  type EthernetHeader,
  encodeEthernet,
  ethernetLength,
} from '#wire/ethernet.js'
import { checkIpv4Header, decodeIpv4, encodeIpv4, type Ipv4Header } from '#wire/ipv4.js'
import {
  decodeUdp,
  encodeUdp,
  isUdpChecksumValid,
  type UdpHeader,
  writeUdpChecksum,
} from '#wire/udp.js'
import type { VlanTag } from '#wire/vlan.js'
import { hexBytes, packetFixture } from '../support/packet.js'

const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffff_ffff)
const u48 = fc.nat(0xffff_ffff_ffff)

const tags: fc.Arbitrary<VlanTag> = fc.record({
  protocol: fc.constantFrom(0x8100, 0x88a8),
  priority: fc.nat(7),
  isDropEligible: fc.boolean(),
  id: fc.nat(4095),
})

const ethernetHeaders: fc.Arbitrary<EthernetHeader> = fc.record({
  destination: u48,
  source: u48,
  tags: fc.array(tags, { maxLength: 2 }),
  type: fc.constantFrom(0x0800, 0x0806, 0x86dd, 0xffff),
})

const ipv4Headers: fc.Arbitrary<Ipv4Header> = fc.record({
  trafficClass: fc.nat(255),
  totalLength: fc.integer({ min: 60, max: 65535 }),
  identification: u16,
  isDontFragment: fc.boolean(),
  isMoreFragments: fc.boolean(),
  fragmentOffsetBytes: fc.nat(0x1fff).map((units) => units * 8),
  timeToLive: fc.nat(255),
  protocol: fc.nat(255),
  source: u32,
  destination: u32,
  options: fc
    .nat(10)
    .chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 })),
})

const udpHeaders: fc.Arbitrary<UdpHeader> = fc.record({
  sourcePort: u16,
  destinationPort: u16,
  length: fc.integer({ min: 8, max: 65535 }),
  checksum: u16,
})

t.test('numbers of 48 bits are read as they were written', async (t) => {
  fc.assert(
    fc.property(u48, (value) => {
      const bytes = new Uint8Array(7)
      writeU48(bytes, 1, value)
      t.equal(readU48(bytes, 1), value)
    }),
  )
})

t.test('headers are read as they were written, at any place', async (t) => {
  const bytes = new Uint8Array(65536)
  fc.assert(
    fc.property(ethernetHeaders, fc.nat(9), (header, at) => {
      t.equal(encodeEthernet(header, bytes, at), ethernetLength(header))
      t.same(decodeEthernet(bytes, at, ethernetLength(header)), header)
    }),
  )
  fc.assert(
    fc.property(ipv4Headers, fc.nat(9), (header, at) => {
      t.equal(encodeIpv4(header, bytes, at), 20 + header.options.length)
      t.same(decodeIpv4(bytes, at, 65535), header)
    }),
  )
  fc.assert(
    fc.property(udpHeaders, fc.nat(9), (header, at) => {
      t.equal(encodeUdp(header, bytes, at), 8)
      t.same(decodeUdp(bytes, at, 65535), header)
    }),
  )
})

t.test('whatever the bytes and the length, nothing throws or reads what is cut off', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(90), fc.nat(90), (bytes, at, length) => {
      const room = Math.max(0, Math.min(length, bytes.length - at))
      const ethernet = decodeEthernet(bytes, at, room)
      if (ethernet !== undefined) t.ok(ethernetLength(ethernet) <= room)
      const ip = decodeIpv4(bytes, at, room)
      if (ip !== undefined) t.ok(ip.totalLength <= room)
      const udp = decodeUdp(bytes, at, room)
      if (udp !== undefined) t.ok(udp.length <= room)
    }),
    { numRuns: 2000 },
  )
})

t.test('a frame with a service and a customer tag (IEEE 802.1ad)', async (t) => {
  const frame = hexBytes('ffffffffffff aa0000000001 88a8 6064 8100 100a 0800')
  t.same(decodeEthernet(frame, 0, frame.length), {
    destination: 0xffff_ffff_ffff,
    source: 0xaa00_0000_0001,
    tags: [
      { protocol: 0x88a8, priority: 3, isDropEligible: false, id: 100 },
      { protocol: 0x8100, priority: 0, isDropEligible: true, id: 10 },
    ],
    type: 0x0800,
  })
  t.equal(decodeEthernet(frame, 0, frame.length - 1), undefined)
})

t.test('a length in place of the EtherType is not Ethernet II (IEEE 802.3 §3.2.6)', async (t) => {
  const frame = hexBytes('ffffffffffff aa0000000001 05ff')
  t.equal(decodeEthernet(frame, 0, frame.length), undefined)
})

const sound = '4600 0020 0000 4000 4011 0000 c0000201 c000020a 94040000'

const unsound: readonly [string, string][] = [
  ['another version (RFC 791 §3.1)', '6600 0020 0000 4000 4011 0000 c0000201 c000020a 94040000'],
  ['a header of less than 20 bytes', '4400 0020 0000 4000 4011 0000 c0000201 c000020a 94040000'],
  ['options that are cut off', '4f00 0020 0000 4000 4011 0000 c0000201 c000020a 94040000'],
  ['less in it than its header', '4600 0017 0000 4000 4011 0000 c0000201 c000020a 94040000'],
  ['more in it than there is', '4600 0100 0000 4000 4011 0000 c0000201 c000020a 94040000'],
]

t.test('a header with options is skipped whole', async (t) => {
  t.equal(checkIpv4Header(withChecksum(sound), 0, 32), 24)
})

for (const [what, header] of unsound) {
  t.test(`an IPv4 packet with ${what} is refused`, async (t) => {
    t.equal(checkIpv4Header(withChecksum(header), 0, 32), 0)
  })
}

t.test('an IPv4 packet with a wrong checksum is refused (RFC 1122 §3.2.1.2)', async (t) => {
  const bytes = withChecksum(sound)
  bytes[8] = 63
  t.equal(checkIpv4Header(bytes, 0, 32), 0)
})

t.test('the checksum of a captured datagram is right, and comes out the same', async (t) => {
  const frame = packetFixture('dhcpv4-discover-udhcpc')
  const length = frame.length - 34
  const pseudo = sumPseudoHeader4({ source: 0, destination: 0xffff_ffff, protocol: 17, length })
  t.ok(isUdpChecksumValid(frame, 34, pseudo))
  const again = Uint8Array.from(frame)
  writeUdpChecksum(again, 34, pseudo)
  t.same(again, frame)
})

/** 32 bytes with the header at the start, its checksum worked out over what it says is its length. */
function withChecksum(header: string): Uint8Array {
  const bytes = new Uint8Array(64)
  bytes.set(hexBytes(header))
  const length = ((bytes[0] ?? 0) & 15) * 4
  let sum = sumWords(bytes, 0, length, 0)
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff)
  bytes[10] = (~sum >>> 8) & 0xff
  bytes[11] = ~sum & 0xff
  if (!isSumValid(sumWords(bytes, 0, length, 0))) throw new Error('the test itself is wrong')
  return bytes
}
