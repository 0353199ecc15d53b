import fc from 'fast-check'
import t from 'tap'
import { readU32, writeU32 } from '#wire/bytes.js'
import {
  finishChecksum,
  finishUdpChecksum,
  isSumValid,
  sumPseudoHeader4,
  sumPseudoHeader6,
  sumU32,
  sumU48,
  sumWords,
} from '#wire/checksum.js'
import { hexBytes } from '../support/packet.js'

t.test('the example of RFC 1071 §3', async (t) => {
  const sum = sumWords(hexBytes('0001 f203 f4f5 f6f7'), 0, 8, 0)
  t.equal(finishChecksum(sum), 0xffff - 0xddf2)
})

t.test('an IPv4 header with its checksum is valid, and invalid with any bit changed', async (t) => {
  const header = hexBytes('4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7')
  t.ok(isSumValid(sumWords(header, 0, 20, 0)))
  for (let bit = 0; bit < 160; bit++) {
    const changed = Uint8Array.from(header, (byte, at) =>
      at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte,
    )
    t.notOk(isSumValid(sumWords(changed, 0, 20, 0)), `bit ${bit}`)
  }
})

t.test('the sum is that of the words one by one, whatever the length', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(7), (bytes, at) => {
      const covered = [...bytes.slice(at), 0]
      let expected = 3
      for (let index = 0; index + 1 < covered.length; index += 2) {
        expected += (covered[index] ?? 0) * 256 + (covered[index + 1] ?? 0)
      }
      t.equal(sumWords(bytes, at, Math.max(0, bytes.length - at), 3), expected)
    }),
  )
})

t.test('sums of parts are the sum of the whole: a template and its changed words', async (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 24, maxLength: 24 }),
      fc.nat(5).map((word) => word * 4),
      fc.nat(0xffffffff),
      (bytes, at, value) => {
        const blank = Uint8Array.from(bytes)
        writeU32(blank, at, 0)
        const whole = Uint8Array.from(bytes)
        writeU32(whole, at, value)
        const ofParts = finishChecksum(sumWords(blank, 0, 24, 0) + sumU32(value))
        t.equal(ofParts, finishChecksum(sumWords(whole, 0, 24, 0)))
      },
    ),
  )
})

t.test('an address of 48 bits counts as its three words', async (t) => {
  t.equal(sumU48(0xaabb_ccdd_eeff), 0xaabb + 0xccdd + 0xeeff)
})

t.test('UDP never sends 0, which would mean that there is no checksum (RFC 768)', async (t) => {
  t.equal(finishChecksum(0xffff), 0)
  t.equal(finishUdpChecksum(0xffff), 0xffff)
})

t.test('a whole packet of 64 KiB of ones does not overflow', async (t) => {
  const bytes = new Uint8Array(65535).fill(0xff)
  const sum = sumWords(bytes, 0, 65535, sumPseudoHeader4(highest))
  t.equal(finishChecksum(sum), finishChecksum(foldSlowly(sum)))
  t.ok(sum < 2 ** 32)
})

const highest = { source: 0xffff_ffff, destination: 0xffff_ffff, protocol: 255, length: 65535 }

t.test('pseudo headers hold addresses, protocol and length (RFC 768, RFC 8200 §8.1)', async (t) => {
  const four = hexBytes('c0000201 c000020a 0011 0123')
  t.equal(
    sumPseudoHeader4({
      source: readU32(four, 0),
      destination: readU32(four, 4),
      protocol: 17,
      length: 0x123,
    }),
    sumWords(four, 0, four.length, 0),
  )
  const six = hexBytes(
    'fe800000000000000000000000000001 ff020000000000000000000000000002 00000123 0000003a',
  )
  t.equal(
    sumPseudoHeader6({ addresses: six, at: 0, protocol: 58, length: 0x123 }),
    sumWords(six, 0, six.length, 0),
  )
})

function foldSlowly(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = Math.floor(folded / 65536) + (folded % 65536)
  return folded
}
