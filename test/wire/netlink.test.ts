import assert from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import {
  attribute,
  attributesOf,
  bytes16,
  bytes32,
  bytesOfText,
  hostNumber,
  netlinkFlags,
  netlinkMessage,
  netlinkMessages,
  withoutAttributes,
} from '#wire/netlink.js'

t.test('a message is a header and whole words (linux/netlink.h)', async (t) => {
  const { request, acknowledge } = netlinkFlags
  const message = netlinkMessage({
    type: 18,
    flags: request | acknowledge,
    parts: [bytes32(7), attribute(3, bytesOfText('tap10'))],
  })
  t.equal(message.length, 16 + 4 + 12)
  t.equal(hostNumber(message.subarray(0, 4)), 32)
  t.equal(hostNumber(message.subarray(4, 6)), 18)
  t.equal(hostNumber(message.subarray(6, 8)), 5)
  t.same([...message.subarray(24)], [...Buffer.from('tap10\0'), 0, 0])
})

t.test('numbers of one, two and four bytes', async (t) => {
  t.equal(hostNumber(Uint8Array.of(254)), 254)
  t.equal(hostNumber(bytes16(0xfffe)), 0xfffe)
  t.equal(hostNumber(bytes32(0xfffffffe)), 0xfffffffe)
})

t.test('what was written is read', async () => {
  const values = fc.uniqueArray(fc.tuple(fc.nat(0xffff), fc.uint8Array({ maxLength: 40 })), {
    selector: ([type]) => type,
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(0xffff), values)), (messages) => {
      const bytes = messages.flatMap(([type, list]) => {
        const parts = [bytes32(1), ...list.map(([name, value]) => attribute(name, value))]
        return [...netlinkMessage({ type, flags: 0, parts })]
      })
      const found = netlinkMessages(Uint8Array.from(bytes))
      const read = found.map(({ type, body }) => [type, [...attributesOf(body, 4)]])
      assert.deepEqual(read, messages)
    }),
  )
})

t.test('anything is read without throwing', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const { body } of netlinkMessages(bytes)) {
        attributesOf(body, 4)
        withoutAttributes(body, 4, new Set([1]))
      }
    }),
  )
})

t.test(
  'some attributes are left out, whatever their flags, and the others stay as they are',
  async (t) => {
    const nested = 0x8000
    const [first, second, third] = [
      attribute(1, bytesOfText('tap0')),
      attribute(2 | nested, bytes32(7)),
      attribute(3 | nested, bytes16(7)),
    ] as const
    const body = Uint8Array.from([...bytes32(0), ...first, ...second, ...third])
    t.same([...withoutAttributes(body, 4, new Set([2]))], [...first, ...third])
    t.same([...withoutAttributes(body, 4, new Set())], [...first, ...second, ...third])
    t.same([...withoutAttributes(body, 4, new Set([1, 2, 3]))], [])
  },
)
