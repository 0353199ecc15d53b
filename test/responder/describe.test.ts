import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { describeFrame, describePacket } from '#responder/describe/frame.js'
import { reasonTexts } from '#responder/reasons.js'

t.test('docs/responder.md explains every reason in the program’s own words', async (t) => {
  const text = readFileSync('docs/responder.md', 'utf8')
  for (const [reason, why] of Object.entries(reasonTexts))
    t.match(
      text,
      new RegExp(`\\| \`${reason}\` \\| (passes|dropped) \\| ${escaped(why)} \\|`),
      reason,
    )
  const rows = text.match(/^\| `[a-z-]+` \| (?:passes|dropped) \|/gm) ?? []
  t.equal(rows.length, Object.keys(reasonTexts).length)
})

t.test('nothing that a guest sends breaks a description, or a terminal', async (t) => {
  const goldens = readdirSync('test/fixtures/packets').filter((name) => name.endsWith('.hex'))
  const packets = goldens.map((name) =>
    hexBytes(readFileSync(`test/fixtures/packets/${name}`, 'utf8')),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...packets, new Uint8Array(0)),
      fc.array(fc.tuple(fc.nat({ max: 600 }), fc.nat({ max: 255 })), { maxLength: 12 }),
      fc.nat({ max: 14 }),
      (packet, changes, at) => {
        const bytes = Uint8Array.from(packet)
        for (const [place, value] of changes) if (place < bytes.length) bytes[place] = value
        const span = {
          bytes,
          at: Math.min(at, bytes.length),
          length: Math.max(0, bytes.length - at),
        }
        for (const { what, facts } of [describeFrame(span), describePacket(span)])
          t.match([what, ...facts.flat()].join(''), /^[\x20-\x7e]*$/)
      },
    ),
    { numRuns: 2000 },
  )
})

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function hexBytes(text: string): Uint8Array {
  const digits = text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, '')
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
