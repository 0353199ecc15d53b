import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { readCapture } from '#wire/pcap.js'

const firstMs = Date.UTC(2026, 10, 20, 12, 0, 0, 123)

function capture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`test/fixtures/captures/${name}`))
}

/** The same capture as a big-endian host would write it. */
function bigEndian(pcap: Uint8Array): Uint8Array {
  const swapped = Uint8Array.from(pcap)
  const swap = (at: number, length: number) => swapped.subarray(at, at + length).reverse()
  swap(0, 4)
  swap(4, 2)
  swap(6, 2)
  for (const at of [8, 12, 16, 20, 24, 28, 32, 36, 74, 78, 82, 86]) swap(at, 4)
  return swapped
}

const captures: readonly [string, Uint8Array][] = [
  ['pcap', capture('two.pcap')],
  ['pcap with nanoseconds', capture('two.nsecpcap')],
  ['pcapng', capture('two.pcapng')],
  ['pcap of a big-endian host', bigEndian(capture('two.pcap'))],
]

for (const [name, bytes] of captures) {
  t.test(`finds the packets of a ${name} file`, async (t) => {
    const read = readCapture(bytes)
    if (!read.ok) throw new Error(read.problem)
    t.strictSame(
      read.value.map(({ linkType, length, wireLength, timeMs }) => [
        linkType,
        length,
        wireLength,
        Math.floor(timeMs + 0.001) - firstMs,
      ]),
      [
        [1, 34, 34, 0],
        [1, 60, 60, 1000],
      ],
    )
    t.strictSame(
      read.value.map(({ at }) => bytes[at]),
      [0xff, 0xaa],
    )
  })

  t.test(`a ${name} file that is cut anywhere gives what is whole`, async (t) => {
    for (let length = 0; length < bytes.length; length++) {
      const read = readCapture(bytes.subarray(0, length))
      t.ok(!read.ok || read.value.every(({ at, length: inFile }) => at + inFile <= length))
    }
  })
}

t.test('what is no capture is refused, and nothing throws', async (t) => {
  t.strictSame(readCapture(new Uint8Array(100)), {
    ok: false,
    problem: 'is neither pcap nor pcapng',
  })
  t.equal(readCapture(new Uint8Array(3)).ok, false)
  fc.assert(
    fc.property(
      fc.constantFrom(...captures),
      fc.array(fc.tuple(fc.nat({ max: 250 }), fc.nat({ max: 255 })), { maxLength: 20 }),
      ([, bytes], changes) => {
        const changed = Uint8Array.from(bytes)
        for (const [at, value] of changes) if (at < changed.length) changed[at] = value
        const read = readCapture(changed)
        t.ok(!read.ok || read.value.every(({ at, length }) => at + length <= changed.length))
      },
    ),
  )
})
