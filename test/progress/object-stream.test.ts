import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { createObjectStream, type StreamItem } from '#progress/object-stream.js'

/** What a text gives, read in pieces of this length: objects as they are, faults as `!why`. */
function read(text: string, pieceLength = text.length || 1): readonly unknown[] {
  const stream = createObjectStream()
  const items: StreamItem[] = []
  for (let from = 0; from < text.length; from += pieceLength)
    items.push(...stream.write(text.slice(from, from + pieceLength)))
  items.push(...stream.end())
  return items.map((item) => (item.kind === 'object' ? item.value : `!${item.why}`))
}

const cases: readonly { name: string; text: string; items: readonly unknown[] }[] = [
  { name: 'nothing', text: '', items: [] },
  { name: 'white space', text: ' \n\t\r\n', items: [] },
  {
    name: 'objects side by side',
    text: '{"a":1}{"b":{"c":2}}',
    items: [{ a: 1 }, { b: { c: 2 } }],
  },
  { name: 'white space between and within', text: ' {"a" :\n1 }\n\n{}\t', items: [{ a: 1 }, {}] },
  {
    name: 'brackets, quotes and white space within strings',
    text: '{"a":" } {\\"\\\\","b":"  x  "}{"c":1}',
    items: [{ a: ' } {"\\', b: '  x  ' }, { c: 1 }],
  },
  {
    name: 'a number, which is no object',
    text: '17 {"a":1}',
    items: ['!is no JSON object', { a: 1 }],
  },
  {
    name: 'text before, between and behind',
    text: 'starting\n{"a":1}\n### {"b":2} done',
    items: ['!is no JSON object', { a: 1 }, '!is no JSON object', { b: 2 }, '!is no JSON object'],
  },
  {
    name: 'a damaged object, behind which the next line is good',
    text: '{"a":1,}\n{"b":2}',
    items: ['!is not JSON', { b: 2 }],
  },
  {
    name: 'an object that is never closed, behind which the next line is good',
    text: '{"a":{"x":1\n{"b":2}\n{"c":3}\n',
    items: ['!is cut off', { b: 2 }, { c: 3 }],
  },
  {
    name: 'a string that is never closed',
    text: '{"a":"x}\n{"b":2}\n',
    items: ['!is cut off', { b: 2 }],
  },
  { name: 'an object that is cut off', text: '{"a":1}{"b":', items: [{ a: 1 }, '!is cut off'] },
]

for (const { name, text, items } of cases) {
  for (const pieceLength of [1, 2, 7, 1000]) {
    t.test(`${name}, in pieces of ${pieceLength}`, async (t) => {
      t.strictSame(read(text, pieceLength), items)
    })
  }
}

t.test('an object without end is given up, and does not grow', async (t) => {
  const stream = createObjectStream()
  const faults: StreamItem[] = []
  for (let index = 0; index < 50; index++)
    faults.push(...stream.write(`${index === 0 ? '{"a":"' : ''}${'x'.repeat(20_000)}`))
  faults.push(...stream.write('"}\n{"b":1}'), ...stream.end())
  t.ok(faults.some((item) => item.kind === 'bad' && item.why.startsWith('is longer than')))
  t.strictSame(faults.at(-1), { kind: 'object', value: { b: 1 } })
})

t.test(
  'any objects, with anything between that has no bracket, come through, however cut',
  async () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue())),
        fc.string().map((text) => text.replaceAll('{', '')),
        fc.integer({ min: 1, max: 50 }),
        (objects, between, pieceLength) => {
          const text = objects.map((object) => JSON.stringify(object)).join(`\n${between}\n`)
          const found = read(text, pieceLength).filter((item) => typeof item !== 'string')
          assert.deepEqual(found, JSON.parse(JSON.stringify(objects)))
        },
      ),
    )
  },
)

t.test('bytes of any kind are no error', async () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}"\\,:\n a1') }), (text) => {
      read(text, 3)
    }),
  )
})
