import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { createJsonScanner } from '#ganeti/json-scanner.js'
import { formatJson, type JsonValue } from '#ganeti/json-value.js'
import type { Result } from '#result.js'

/** Takes every member of the root object or array, from slices of the given size. */
function takeMembers(bytes: Uint8Array, sliceBytes: number, maxValueBytes = 1_000_000) {
  const taken: [string, JsonValue | undefined][] = []
  const scanner = createJsonScanner(
    { choose: () => 'take', take: (path, value) => taken.push([path.join('/'), value]) },
    maxValueBytes,
  )
  for (let at = 0; at < bytes.length; at += sliceBytes)
    scanner.write(bytes.subarray(at, at + sliceBytes))
  const outcome: Result<undefined, unknown> = scanner.end()
  return { taken: Object.fromEntries(taken), outcome }
}

const bytesOf = (text: string) => new TextEncoder().encode(text)

const whole: readonly { name: string; text: string; value: Record<string, JsonValue> }[] = [
  { name: 'an empty object', text: '{}', value: {} },
  {
    name: 'scalars',
    text: '{"a":1,"b":-2.5e3,"c":true,"d":null,"e":"x"}',
    value: { a: 1, b: -2500, c: true, d: null, e: 'x' },
  },
  { name: 'white space anywhere', text: ' {\n"a" :\t[ 1 , 2 ]\r} \n', value: { a: [1, 2] } },
  {
    name: 'escapes',
    text: '{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"}',
    value: { a: '"\\/\b\f\n\r\té😀' },
  },
  {
    name: 'an integer beyond 2^53',
    text: '{"a":1795188173509589001}',
    value: { a: 1795188173509589001n },
  },
  {
    name: 'a negative integer beyond 2^53',
    text: '{"a":-9007199254740993}',
    value: { a: -9007199254740993n },
  },
  { name: 'what only Python writes', text: '{"a":NaN,"b":-Infinity}', value: { a: null, b: null } },
  { name: 'nesting', text: '{"a":{"b":[{"c":[]},{}]}}', value: { a: { b: [{ c: [] }, {}] } } },
]

for (const c of whole) {
  for (const sliceBytes of [1, 2, 3, 1000]) {
    t.test(`reads ${c.name} from slices of ${sliceBytes} bytes`, async (t) => {
      const { taken, outcome } = takeMembers(bytesOf(c.text), sliceBytes)
      t.ok(outcome.ok)
      t.strictSame(taken, c.value)
    })
  }
}

const broken: readonly { name: string; text: string; problem: object }[] = [
  { name: 'nothing', text: '', problem: { kind: 'empty' } },
  { name: 'only spaces', text: '  \n', problem: { kind: 'truncated' } },
  { name: 'an object that ends early', text: '{"a":1', problem: { kind: 'truncated' } },
  { name: 'a string that ends early', text: '{"a":"x', problem: { kind: 'truncated' } },
  { name: 'a missing colon', text: '{"a" 1}', problem: { kind: 'syntax', offsetBytes: 5 } },
  {
    name: 'brackets that do not match',
    text: '{"a":[}',
    problem: { kind: 'syntax', offsetBytes: 6 },
  },
  { name: 'two documents', text: '{}{}', problem: { kind: 'syntax', offsetBytes: 2 } },
  { name: 'a word that is none', text: '{"a":nul}', problem: { kind: 'syntax', offsetBytes: 5 } },
  { name: 'a number that is none', text: '{"a":01}', problem: { kind: 'syntax', offsetBytes: 5 } },
  { name: 'a trailing comma', text: '{"a":1,}', problem: { kind: 'syntax', offsetBytes: 7 } },
  { name: 'text', text: 'hello', problem: { kind: 'syntax', offsetBytes: 0 } },
]

for (const c of broken) {
  t.test(`says what is wrong with ${c.name}`, async (t) => {
    const { outcome } = takeMembers(bytesOf(c.text), 2)
    t.strictSame(outcome, { ok: false, problem: c.problem })
  })
}

t.test('reads bytes that are not UTF-8 as ISO 8859-1, string by string', async (t) => {
  const bytes = Uint8Array.from([
    ...bytesOf('{"a":"caf'),
    0xe9,
    ...bytesOf('","b":"caf'),
    0xc3,
    0xa9,
    ...bytesOf('"}'),
  ])
  t.strictSame(takeMembers(bytes, 4).taken, { a: 'café', b: 'café' })
})

t.test('hands over undefined for a value beyond the cap and goes on behind it', async (t) => {
  const text = `{"a":["${'x'.repeat(500)}",[1,2]],"b":2,"c":"${'y'.repeat(500)}"}`
  for (const sliceBytes of [1, 64, 10_000]) {
    const { taken, outcome } = takeMembers(bytesOf(text), sliceBytes, 100)
    t.ok(outcome.ok)
    t.strictSame(taken, { a: undefined, b: 2, c: undefined })
  }
})

t.test(
  'gives up a value nested deeper than anything sane, without overflowing the stack',
  async (t) => {
    const depth = 200_000
    const { taken, outcome } = takeMembers(
      bytesOf(`{"a":${'['.repeat(depth)}${']'.repeat(depth)},"b":1}`),
      65_536,
    )
    t.ok(outcome.ok)
    t.strictSame(taken, { a: undefined, b: 1 })
  },
)

/** Takes members of members, and leaves each object at its key `stop`. */
function takeUntilStop(text: string, sliceBytes: number) {
  const taken: [string, JsonValue | undefined][] = []
  const scanner = createJsonScanner(
    {
      choose: (path) => (path.length === 1 ? 'enter' : path[1] === 'stop' ? 'leave' : 'take'),
      take: (path, value) => taken.push([path.join('/'), value]),
    },
    1000,
  )
  const bytes = bytesOf(text)
  for (let at = 0; at < bytes.length; at += sliceBytes)
    scanner.write(bytes.subarray(at, at + sliceBytes))
  return { taken: Object.fromEntries(taken), isWhole: scanner.end().ok }
}

for (const stop of ['{"x":[1]}', '[[],"]"]', '"}{"', '"a\\"}"', '-17', 'null', '{}']) {
  t.test(`an object can be left at a member of the value ${stop}`, async (t) => {
    const text = `{"a":{"p":1,"stop":${stop},"q":{"stop":"}"}},"b":{"stop":${stop}},"c":{"r":[2]}}`
    for (const sliceBytes of [1, 3, 1000]) {
      t.strictSame(takeUntilStop(text, sliceBytes), {
        taken: { 'a/p': 1, 'c/r': [2] },
        isWhole: true,
      })
      t.notOk(takeUntilStop(text.slice(0, -1), sliceBytes).isWhole)
    }
  })
}

t.test('a member called __proto__ is data', async (t) => {
  const { taken } = takeMembers(bytesOf('{"a":{"__proto__":{"polluted":true}}}'), 3)
  const a = taken['a']
  t.equal(formatJson(a ?? null), '{"__proto__":{"polluted":true}}')
  t.notOk('polluted' in {})
})

t.test('agrees with JSON.parse on any value, however it is sliced', async () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 4 })),
      fc.integer({ min: 1, max: 40 }),
      (value, sliceBytes) => {
        const text = JSON.stringify(value)
        const { taken, outcome } = takeMembers(bytesOf(text), sliceBytes)
        assert.ok(outcome.ok)
        assert.deepEqual(JSON.parse(formatJson(taken as JsonValue)), JSON.parse(text))
      },
    ),
    { numRuns: 300 },
  )
})

t.test('never throws and never hangs, whatever the bytes', async (t) => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', '1', 'null', ' ').map(bytesOf),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      takeMembers(Uint8Array.from(pieces.flatMap((bytes) => [...bytes])), 7)
    }),
    { numRuns: 2000 },
  )
  t.pass()
})
