import fc from 'fast-check'
import t from 'tap'
import { answerIpv4 } from '#responder/dhcpv4/answer.js'
import { readU16, readU32, writeU16 } from '#wire/bytes.js'
import {
  answered,
  compiledNic,
  fixedUp,
  frameOf,
  nicMac,
  number,
  optionHex,
  outcomeOf,
  packetOf,
  readAnswer,
  richService,
} from '../../support/nic4.js'
import { packetFixture, packetNames } from '../../support/packet.js'

const requests = packetNames('dhcpv4-')
  .filter((name) => /-(discover|request|inform|bootp)/.test(name))
  .map((name) => fixedUp(packetFixture(name)))

t.test('mutated packets: nothing throws, answers are sound and the NIC’s own only', async (t) => {
  const nics = [compiledNic(richService), compiledNic(), compiledNic({ prefixLength: 32 }, 576)]
  const slot = { bytes: new Uint8Array(1514 + 64).fill(0xee), at: 32, size: 1514 }
  const random = randomNumbers(42)
  let answers = 0
  let wrong = 0
  for (let run = 0; run < 200_000; run++) {
    const frame = mutated(requests[random() % requests.length] ?? new Uint8Array(0), random)
    const nic = nics[run % nics.length] ?? compiledNic()
    const outcome = answerIpv4(nic, packetOf(frame, (random() & 1) === 0), slot)
    if (outcome.kind !== 'reply') continue
    answers++
    if (!isOwnAnswer(slot.bytes, slot.at, outcome.length)) wrong++
    if (answers % 100 === 0) readAnswer(slot.bytes.slice(32, 32 + outcome.length))
  }
  t.equal(wrong, 0)
  t.ok(answers > 10_000, `${answers} answers`)
  t.ok(slot.bytes.subarray(0, 32).every((byte) => byte === 0xee))
  t.ok(slot.bytes.subarray(32 + 1514).every((byte) => byte === 0xee))
})

t.test('random bytes as an IP packet are refused or pass', async (t) => {
  const nic = compiledNic(richService)
  const { failed } = fc.check(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const packet = {
        bytes,
        at: 0,
        length: bytes.length,
        sourceMac: nicMac,
        isChecksumReady: true,
      }
      const slot = { bytes: new Uint8Array(1514), at: 0, size: 1514 }
      return answerIpv4(nic, packet, slot).kind !== 'reply'
    }),
    { numRuns: 2000 },
  )
  t.notOk(failed)
})

t.test('a captured length beyond the packet is not read', async (t) => {
  const frame = frameOf({ options: [[53, [1]]] })
  const packet = { ...packetOf(frame), length: 100 }
  const slot = { bytes: new Uint8Array(1514), at: 0, size: 1514 }
  t.same(answerIpv4(compiledNic(), packet, slot), { kind: 'drop', reason: 'malformed-ip' })
})

/** How a packet is broken, and what becomes of it. */
const broken: readonly [string, (frame: Uint8Array) => void, string][] = [
  ['a fragment, the first', (frame) => writeU16(frame, 20, 0x2000), 'fragment'],
  ['a fragment, a later one', (frame) => writeU16(frame, 20, 185), 'fragment'],
  ['TCP', (frame) => frame.fill(6, 23, 24), 'not-ours'],
  ['a UDP length beyond the packet', (frame) => writeU16(frame, 38, 9999), 'malformed-udp'],
  ['a UDP length below its header', (frame) => writeU16(frame, 38, 7), 'malformed-udp'],
  ['a UDP length below a BOOTP message', (frame) => writeU16(frame, 38, 200), 'malformed-dhcp'],
  ['an option that runs past the end', (frame) => frame.set([12, 255], 285), 'malformed-dhcp'],
]

for (const [what, breakIt, expected] of broken) {
  t.test(`${what}: ${expected}`, async (t) => {
    const frame = frameOf({ options: [[53, [1]]] })
    breakIt(frame)
    if (what.startsWith('an option')) frame.fill(12, 285)
    t.match(outcomeOf(compiledNic(), withHeaderSum(frame)), { reason: expected })
  })
}

t.test('what goes to port 67 of another host passes, whatever it is', async (t) => {
  const frame = frameOf({ options: [[53, [1]]], destination: '198.51.100.1', source: '192.0.2.10' })
  const noDhcp = Uint8Array.from(frame).fill(12, 285)
  t.match(outcomeOf(compiledNic(), noDhcp, false), { kind: 'pass', reason: 'not-ours' })
  const fragment = Uint8Array.from(frame)
  writeU16(fragment, 20, 0x2000)
  t.match(outcomeOf(compiledNic(), withHeaderSum(fragment)), { kind: 'pass', reason: 'not-ours' })
})

t.test('a wrong UDP checksum is refused, none at all is not (RFC 768)', async (t) => {
  const frame = frameOf({ options: [[53, [1]]] })
  writeU16(frame, 40, readU16(frame, 40) ^ 1)
  t.match(outcomeOf(compiledNic(), frame), { reason: 'bad-checksum' })
  t.match(outcomeOf(compiledNic(), frame, false), { what: 'offer' })
  writeU16(frame, 40, 0)
  t.match(outcomeOf(compiledNic(), frame), { what: 'offer' })
})

t.test('IPv4 options are skipped (RFC 791 §3.1)', async (t) => {
  const frame = frameOf({ options: [[53, [1]]] })
  const longer = new Uint8Array(frame.length + 4)
  longer.set(frame.subarray(0, 34))
  longer.set([0x94, 4, 0, 0], 34)
  longer.set(frame.subarray(34), 38)
  longer[14] = 0x46
  writeU16(longer, 16, longer.length - 14)
  t.match(outcomeOf(compiledNic(), withHeaderSum(longer)), { what: 'offer' })
})

t.test(
  'a parameter list in pieces that asks 1100 times for the router costs no more than another',
  async (t) => {
    const list = Array<number>(1100).fill(3)
    const askedInOneWay = (last: number) =>
      frameOf({
        options: [
          [53, [1]],
          [55, [...list, last]],
        ],
      })
    const frames = Array.from({ length: 100 }, (_, index) => askedInOneWay(index))
    const nic = compiledNic(richService)
    const before = process.cpuUsage()
    for (const frame of frames) answered(nic, frame)
    const { user, system } = process.cpuUsage(before)
    t.ok(user + system < 80_000, `${user + system} microseconds of CPU for 100 packets`) // 200,000 and more when each looks through the whole list
  },
)

t.test(
  'behind a NIC whose source nobody checks a guest of the guest is answered as itself',
  async (t) => {
    const checked = compiledNic()
    const own = { ...checked, network: { ...checked.network, checksSource: false } }
    const nested = Uint8Array.of(0xaa, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    const asked = frameOf({ options: [[53, [1]]], message: { chaddr: nested } })
    const answer = answered(own, asked)
    t.equal(answer?.ethernet.destination, 0xaa00_0000_0009)
    t.strictSame(answer?.message.chaddr, nested)
    t.equal(
      answer?.message.yiaddr,
      number('192.0.2.10'),
      'with the only address that this tap can get',
    )
    t.strictSame([own.latest, own.network.templates], [undefined, []], 'and nothing is kept of it')
    const toAll = frameOf({
      options: [[53, [1]]],
      message: { chaddr: new Uint8Array(16).fill(255) },
    })
    t.match(outcomeOf(own, toAll), { reason: 'foreign-chaddr' })
  },
)

t.test('the client identifier of another guest only comes back, and changes nothing', async (t) => {
  const stolen = frameOf({
    options: [
      [53, [1]],
      [61, [1, 0xaa, 0, 0, 0, 0, 2]],
    ],
  })
  const answer = answered(compiledNic(), stolen)
  t.equal(answer?.message.yiaddr, number('192.0.2.10'))
  t.equal(answer?.ethernet.destination, nicMac)
  t.equal(answer && optionHex(answer.message, 61), '01aa0000000002')
})

/** One to four changes: a byte anywhere, a length, a cut; most keep the addresses that let a packet in. */
function mutated(golden: Uint8Array, random: () => number): Uint8Array {
  const frame = Uint8Array.from(golden)
  for (let changes = 1 + (random() & 3); changes > 0; changes--) {
    const from = (random() & 7) === 0 ? 14 : 282
    frame[from + (random() % (frame.length - from))] = random()
  }
  if ((random() & 15) === 0) return frame.subarray(0, 14 + (random() % (frame.length - 14)))
  return (random() & 3) === 0 ? frame : fixedUp(frame)
}

/** To the NIC's own address or to all, which is the same on a tap; with its own address or none in it. */
function isOwnAnswer(bytes: Uint8Array, at: number, length: number): boolean {
  const isDestinationOwn =
    readU16(bytes, at) * 2 ** 32 + readU32(bytes, at + 2) === nicMac ||
    [0, 2, 4].every((offset) => readU16(bytes, at + offset) === 0xffff)
  const yiaddr = readU32(bytes, at + 58)
  const isAddressOwn = yiaddr === 0 || yiaddr === number('192.0.2.10')
  return isDestinationOwn && isAddressOwn && length >= 342 && length <= 1514
}

/** The frame with the right checksum of its IPv4 header, and none of UDP. */
function withHeaderSum(frame: Uint8Array): Uint8Array {
  writeU16(frame, 24, 0)
  let sum = 0
  const udp = 14 + ((frame[14] ?? 0) & 15) * 4
  for (let at = 14; at < udp; at += 2) sum += readU16(frame, at)
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff)
  writeU16(frame, 24, ~sum & 0xffff)
  writeU16(frame, udp + 6, 0)
  return frame
}

/** The same numbers in each run (xorshift). */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
