import fc from 'fast-check'
import t from 'tap'
import { isPrintableAscii } from '#central/intent/ascii.js'
import { decodeTagText, encodeTagText } from '#central/intent/tag-text.js'

/** Computed with Synnefo's own functions. */
const vectors: readonly (readonly [string, string])[] = [
  ['cyclades:user:my tag_1', 'cyclades:user:my+tag*1'],
  ['cyclades:user:café', 'cyclades:user:caf/C3/A9'],
  ['cyclades:user:a+b*c', 'cyclades:user:a/2Bb/2Ac'],
]

for (const [text, tag] of vectors) {
  t.equal(encodeTagText(text), tag)
  t.equal(decodeTagText(tag), text)
}

t.test('any text becomes what Ganeti takes as a tag, and comes back', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const tag = encodeTagText(text)
      const back = /[/,]/.test(text) ? undefined : text
      return /^[\w.+*/:@-]*$/.test(tag) && isPrintableAscii(tag) && decodeTagText(tag) === back
    }),
  )
})

t.test('decoding anything never throws', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (tag) => {
      decodeTagText(tag)
    }),
  )
})

t.equal(decodeTagText('a_b'), undefined, 'an underscore is never written')
t.equal(decodeTagText('/C3'), undefined, 'half of a letter')
