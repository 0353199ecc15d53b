import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  compressedNamesBytes,
  decodeDomainNames,
  decodePartialName,
  domainNameBytes,
  domainNamesBytes,
  partialNameBytes,
} from '#wire/domain-name.js'
import { hexBytes, hexText } from '../support/packet.js'

/** Names in the form in which they are read, of any bytes. */
const label = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => {
  const text = (byte: number): string => {
    const char = String.fromCharCode(byte)
    if (char === '.' || char === '\\') return `\\${char}`
    return byte > 0x20 && byte < 0x7f ? char : `\\${String(byte).padStart(3, '0')}`
  }
  return Array.from(bytes, text).join('')
})
const name = fc.array(label, { minLength: 1, maxLength: 8 }).map((labels) => labels.join('.'))

t.test('a name is its labels, each after its length, and a zero (RFC 1035 §3.1)', async (t) => {
  const wire = '07657861 6d706c65 036f7267 00'
  t.strictSame(domainNameBytes('example.org'), hexBytes(wire))
  t.strictSame(domainNameBytes('example.org.'), hexBytes(wire))
  t.strictSame(domainNameBytes('.'), Uint8Array.of(0))
  t.strictSame(partialNameBytes('guest1'), hexBytes('06 677565737431'))
})

const wrong: readonly string[] = [
  ...['', '..', '.a', 'a..b', 'a b', 'é', 'a\\', 'a\\256', `${'a'.repeat(64)}.org`],
  Array.from({ length: 5 }, () => 'a'.repeat(60)).join('.'),
]
for (const text of wrong) {
  t.test(`${JSON.stringify(text.slice(0, 70))} is no name (RFC 1035 §2.3.4)`, async (t) => {
    t.equal(domainNameBytes(text), undefined)
    t.equal(domainNamesBytes(['example.org', text]), undefined)
    t.equal(compressedNamesBytes(['example.org', text]), undefined)
  })
}

t.test('a name of 255 bytes is the longest', async (t) => {
  const longest = [63, 63, 63, 61].map((size) => 'a'.repeat(size)).join('.')
  t.equal(domainNameBytes(longest)?.length, 255)
  t.equal(domainNameBytes(`${longest}a`), undefined)
})

t.test('a search list points to endings that stood before (RFC 3397 §2)', async (t) => {
  // the example of RFC 3397 §2, whose two options are one list of 27 bytes
  const wire = hexBytes('03656e67 05 6170706c65 03636f6d 00 09 6d61726b6574696e67 c004')
  const names = ['eng.apple.com', 'marketing.apple.com']
  t.strictSame(compressedNamesBytes(names), wire)
  t.strictSame(decodeDomainNames(wire, 0, { length: wire.length, areCompressed: true }), names)
  t.equal(decodeDomainNames(wire, 0, { length: wire.length, areCompressed: false }), undefined)
})

const broken: readonly { readonly what: string; readonly hex: string }[] = [
  { what: 'a name that is cut off', hex: '03 6162' },
  { what: 'a name without its zero', hex: '01 61' },
  { what: 'a pointer to itself', hex: 'c000' },
  { what: 'a pointer forwards', hex: 'c004 0161 00' },
  { what: 'two pointers to each other', hex: '0161 c004 0162 c000' },
  { what: 'half a pointer', hex: '0161 c0' },
  { what: 'a label type that does not exist', hex: '41 61 00' },
  { what: 'more than 128 names', hex: '00'.repeat(129) },
]
for (const { what, hex } of broken) {
  t.test(`${what} is refused`, async (t) => {
    const bytes = hexBytes(hex)
    const list = { length: bytes.length, areCompressed: true }
    t.equal(decodeDomainNames(bytes, 0, list), undefined)
  })
}

t.test('pointers are counted from the list, not from the packet', async (t) => {
  const bytes = hexBytes('ffff 0161 00 0162 c000')
  const list = { length: bytes.length - 2, areCompressed: true }
  t.strictSame(decodeDomainNames(bytes, 2, list), ['a', 'b.a'])
})

t.test('what is written is read again', async () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 6 }), (names) => {
      const plain = domainNamesBytes(names) ?? new Uint8Array(0)
      const packed = compressedNamesBytes(names) ?? new Uint8Array(0)
      assert.deepEqual(
        decodeDomainNames(plain, 0, { length: plain.length, areCompressed: false }),
        names,
      )
      assert.deepEqual(
        decodeDomainNames(packed, 0, { length: packed.length, areCompressed: true }),
        names,
      )
      assert.ok(packed.length <= plain.length)
    }),
    { numRuns: 200 },
  )
})

t.test('a partial name is read with and without its end (RFC 4704 §4.2)', async () => {
  fc.assert(
    fc.property(name, fc.boolean(), (text, isComplete) => {
      const bytes = isComplete ? domainNameBytes(text) : partialNameBytes(text)
      if (bytes === undefined) throw new Error(`no name: ${text}`)
      assert.deepEqual(decodePartialName(bytes, 0, bytes.length), { name: text, isComplete })
    }),
    { numRuns: 200 },
  )
  assert.equal(decodePartialName(hexBytes('0161 00 00'), 0, 4), undefined, 'bytes behind the end')
})

t.test('no bytes make it throw, and what is read is written as it was', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const list = { length: bytes.length, areCompressed: true }
      const names = decodeDomainNames(bytes, 0, list)
      decodePartialName(bytes, 0, bytes.length)
      const plain = decodeDomainNames(bytes, 0, { ...list, areCompressed: false })
      if (plain) assert.equal(hexText(domainNamesBytes(plain) ?? new Uint8Array(0)), hexText(bytes))
      assert.ok(names === undefined || names.length <= 128)
    }),
    { numRuns: 500 },
  )
})
