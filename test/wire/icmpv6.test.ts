import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { sumPseudoHeader6 } from '#wire/checksum.js'
import {
  decodeIcmpv6,
  encodeIcmpv6,
  isIcmpv6ChecksumValid,
  protocolIcmpv6,
  writeIcmpv6Checksum,
} from '#wire/icmpv6.js'
import { record } from '../support/arbitrary.js'
import { hexText, packetFixture, packetNames } from '../support/packet.js'

for (const name of packetNames('ndp-')) {
  t.test(`${name}: its checksum is right, and the one that we work out`, async (t) => {
    const bytes = packetFixture(name)
    const length = bytes.length - 54
    const pseudoSum = sumPseudoHeader6({
      addresses: bytes,
      at: 22,
      protocol: protocolIcmpv6,
      length,
    })
    t.ok(isIcmpv6ChecksumValid(bytes, 54, { length, pseudoSum }))
    const again = bytes.slice()
    again.fill(0xee, 56, 58)
    t.notOk(isIcmpv6ChecksumValid(again, 54, { length, pseudoSum }))
    writeIcmpv6Checksum(again, 54, { length, pseudoSum })
    t.equal(hexText(again), hexText(bytes))
  })
}

t.test('the header is written as it was read', async () => {
  const byte = fc.nat({ max: 255 })
  const header = record({ type: byte, code: byte, checksum: fc.nat({ max: 0xffff }) })
  fc.assert(
    fc.property(header, (value) => {
      const bytes = new Uint8Array(10)
      assert.equal(encodeIcmpv6(value, bytes, 3), 4)
      assert.deepEqual(decodeIcmpv6(bytes, 3, 4), value)
      assert.equal(decodeIcmpv6(bytes, 3, 3), undefined)
    }),
    { numRuns: 100 },
  )
})
