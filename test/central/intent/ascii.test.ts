import fc from 'fast-check'
import t from 'tap'
import { findForbidden, isPrintableAscii } from '#central/intent/ascii.js'
import type { RapiRequest } from '#central/intent/rapi-request.js'

const cases: readonly (readonly [string, RapiRequest, string | undefined])[] = [
  ['nothing strange', { method: 'PUT', path: '/2/a', body: { a: [1, null, 'x'] } }, undefined],
  ['a path', { method: 'PUT', path: '/2/é' }, 'path'],
  ['a query', { method: 'PUT', path: '/', query: { tag: ['a', 'é'] } }, 'query.tag.1'],
  ['a query’s name', { method: 'PUT', path: '/', query: { é: 'a' } }, 'query (a key)'],
  ['a body', { method: 'PUT', path: '/', body: { a: { b: ['é'] } } }, 'body.a.b.0'],
  ['a body’s key', { method: 'PUT', path: '/', body: { a: { é: 1 } } }, 'body.a (a key)'],
  ['a new line', { method: 'PUT', path: '/', body: { a: 'x\ny' } }, 'body.a'],
]

for (const [name, request, expected] of cases) {
  t.equal(findForbidden(request), expected, name)
}

t.test('whatever a request holds, what is let through is printable ASCII', async () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string())
  const request = fc.record({
    method: fc.constantFrom('POST', 'PUT', 'DELETE'),
    path: text,
    query: fc.dictionary(text, fc.oneof(text, fc.array(text))),
    body: fc.dictionary(text, fc.jsonValue()),
  })
  fc.assert(
    fc.property(request, (one) => {
      const texts = allTexts(one)
      return (findForbidden(one as RapiRequest) === undefined) === texts.every(isPlain)
    }),
  )
})

/** Worked out in another way than the code does. */
function isPlain(text: string): boolean {
  return [...text].every((character) => character >= ' ' && character <= '~')
}

function allTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => [key, ...allTexts(item)])
}

t.equal(isPrintableAscii(''), true)
