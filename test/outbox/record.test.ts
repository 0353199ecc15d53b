import fc from 'fast-check'
import t from 'tap'
import { encodeRecord, HEADER_BYTES, type Piece, parsePieces } from '#outbox/record.js'

const whole = { from: 0, isGrowing: false }

function encodeAll(bodies: readonly Uint8Array[]): Buffer {
  const size = bodies.reduce((sum, one) => sum + HEADER_BYTES + one.length, 0)
  const buffer = Buffer.alloc(size)
  let at = 0
  bodies.forEach((one, index) => {
    const record = { sequence: index + 1, appendedMs: 1_700_000_000_000, body: one, start: at }
    at = encodeRecord(buffer, at, record).end
  })
  return buffer
}

function parse(chunk: Buffer): readonly Piece[] {
  return parsePieces(chunk, { ...whole, to: chunk.length }).pieces
}

const three = encodeAll(['one', 'two', 'three'].map((text) => Buffer.from(text)))
const secondAt = HEADER_BYTES + 3
const thirdAt = secondAt + HEADER_BYTES + 3

function flipped(at: number): Buffer {
  const copy = Buffer.from(three)
  copy.writeUInt8(copy.readUInt8(at) ^ 0x10, at)
  return copy
}

const shapes: readonly { name: string; bytes: Buffer; expected: readonly string[] }[] = [
  { name: 'nothing', bytes: Buffer.alloc(0), expected: [] },
  { name: 'three records', bytes: three, expected: ['1', '2', '3'] },
  { name: 'a flipped magic', bytes: flipped(secondAt), expected: ['1', 'damage 27', '3'] },
  { name: 'a flipped length', bytes: flipped(secondAt + 4), expected: ['1', 'damage 27', '3'] },
  {
    name: 'a flipped small length',
    bytes: flipped(secondAt + 7),
    expected: ['1', 'damage 27', '3'],
  },
  { name: 'a flipped sequence', bytes: flipped(secondAt + 13), expected: ['1', 'damage 27', '3'] },
  { name: 'a flipped time', bytes: flipped(secondAt + 15), expected: ['1', 'damage 27', '3'] },
  { name: 'a flipped checksum', bytes: flipped(secondAt + 20), expected: ['1', 'damage 27', '3'] },
  { name: 'a flipped body', bytes: flipped(secondAt + 25), expected: ['1', 'damage 27', '3'] },
  { name: 'a flipped last body', bytes: flipped(thirdAt + 25), expected: ['1', '2', 'damage 29'] },
  { name: 'a torn body', bytes: three.subarray(0, -1), expected: ['1', '2', 'damage 28'] },
  {
    name: 'a torn header',
    bytes: three.subarray(0, thirdAt + 9),
    expected: ['1', '2', 'damage 9'],
  },
  { name: 'a torn magic', bytes: three.subarray(0, thirdAt + 2), expected: ['1', '2', 'damage 2'] },
  {
    name: 'zeros at the end',
    bytes: Buffer.concat([three, Buffer.alloc(50)]),
    expected: ['1', '2', '3', 'damage 50'],
  },
  {
    name: 'garbage in front',
    bytes: Buffer.concat([Buffer.from('garbage'), three]),
    expected: ['damage 7', '1', '2', '3'],
  },
]

function told(piece: Piece): string {
  return piece.kind === 'record' ? `${piece.sequence}` : `damage ${piece.bytes.length}`
}

for (const c of shapes) {
  t.test(`cuts into records and damage: ${c.name}`, async (t) => {
    t.strictSame(parse(c.bytes).map(told), c.expected)
  })
}

t.test('a record that is still being written is left out, not called damage', async (t) => {
  const torn = three.subarray(0, -1)
  const { pieces } = parsePieces(torn, { from: 0, to: torn.length, isGrowing: true })
  t.strictSame(pieces.map(told), ['1', '2'])
})

t.test('says how many bytes would hold a record that is longer than the chunk', async (t) => {
  const { pieces, needBytes } = parsePieces(three.subarray(0, 26), { ...whole, to: three.length })
  t.strictSame({ pieces, needBytes }, { pieces: [], needBytes: 27 })
})

const anyBodies = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 })

t.test('property: what was encoded is what is parsed', async () => {
  fc.assert(
    fc.property(anyBodies, (bodies) => {
      const pieces = parse(encodeAll(bodies))
      const read = pieces.map((piece) => (piece.kind === 'record' ? [...piece.body] : 'damage'))
      return JSON.stringify(read) === JSON.stringify(bodies.map((one) => [...one]))
    }),
  )
})

t.test('property: anything at all is cut into touching pieces, and nothing throws', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) =>
      touches(parse(Buffer.from(bytes)), bytes.length),
    ),
  )
})

t.test('property: one rotten byte costs one record, wherever it is', async () => {
  const text = fc.string({ maxLength: 100 }).map((one) => Buffer.from(one))
  const rotten = fc.tuple(
    fc.array(text, { minLength: 1, maxLength: 10 }),
    fc.nat(),
    fc.integer({ min: 1, max: 255 }),
  )
  fc.assert(
    fc.property(rotten, ([bodies, where, mask]) => {
      const bytes = encodeAll(bodies)
      const at = where % bytes.length
      bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at)
      const pieces = parse(bytes)
      const count = pieces.filter((piece) => piece.kind === 'record').length
      return count === bodies.length - 1 && touches(pieces, bytes.length)
    }),
  )
})

function touches(pieces: readonly Piece[], length: number): boolean {
  let at = 0
  for (const piece of pieces) {
    if (piece.start !== at) return false
    at = piece.end
  }
  return at === length
}
