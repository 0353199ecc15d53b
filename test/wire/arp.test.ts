import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { ipv4Number, parseIpv4 } from '#addr/ipv4.js'
import { macNumber, parseMac } from '#addr/mac.js'
import { decodeArp, encodeArp } from '#wire/arp.js'
import { record } from '../support/arbitrary.js'
import { hexText, packetFixture } from '../support/packet.js'

const u48 = fc.nat({ max: 0xffff_ffff_ffff })
const u32 = fc.nat({ max: 0xffff_ffff })
const packets = record({
  operation: fc.nat({ max: 0xffff }),
  senderMac: u48,
  senderIp: u32,
  targetMac: u48,
  targetIp: u32,
})

t.test('the kernel’s announcement is read, and written again byte for byte', async (t) => {
  const bytes = packetFixture('arp-announcement-kernel')
  const mac = macNumber(parseMac('aa:00:00:9c:43:2a') ?? assert.fail())
  const ip = ipv4Number(parseIpv4('192.0.2.10') ?? assert.fail())
  const packet = decodeArp(bytes, 14, bytes.length - 14)
  t.strictSame(packet, { operation: 1, senderMac: mac, senderIp: ip, targetMac: 0, targetIp: ip })
  const again = bytes.slice()
  again.fill(0xee, 14)
  t.equal(packet && encodeArp(packet, again, 14), 28)
  t.equal(hexText(again), hexText(bytes))
})

t.test('what is written is read as it was, wherever it stands', async () => {
  fc.assert(
    fc.property(packets, fc.nat({ max: 9 }), (packet, at) => {
      const bytes = new Uint8Array(at + 28)
      assert.equal(encodeArp(packet, bytes, at), 28)
      assert.deepEqual(decodeArp(bytes, at, 28), packet)
      assert.equal(decodeArp(bytes, at, 27), undefined)
    }),
  )
})

t.test('other hardware, other protocols and other lengths are no packets of ours', async () => {
  fc.assert(
    fc.property(
      packets,
      fc.nat({ max: 5 }),
      fc.integer({ min: 1, max: 255 }),
      (packet, at, change) => {
        const bytes = new Uint8Array(28)
        encodeArp(packet, bytes, 0)
        bytes[at] = (bytes[at] ?? 0) ^ change
        assert.equal(decodeArp(bytes, 0, 28), undefined)
      },
    ),
  )
})

t.test('no bytes make the decoder throw', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 70 }), (bytes, at) => {
      decodeArp(bytes, at, bytes.length - at)
    }),
  )
})
