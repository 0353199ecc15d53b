import fc from 'fast-check'
import t from 'tap'
import { answerIpv4 } from '#responder/dhcpv4/answer.js'
import { bootRuleFor } from '#responder/dhcpv4/boot.js'
import type { CompiledDhcpv4 } from '#responder/dhcpv4/compile.js'
import { composeReply, writeReply } from '#responder/dhcpv4/compose.js'
import { decideDhcpv4 } from '#responder/dhcpv4/decide.js'
import { readU16, readU32, writeU16, writeU32, writeU48 } from '#wire/bytes.js'
import { readDhcpv4Request } from '#wire/dhcpv4/request.js'
import {
  answered,
  ascii,
  compiledNic,
  fixedUp,
  frameOf,
  nicMac,
  number,
  optionHex,
  packetOf,
  richService,
  type ServiceChanges,
} from '../../support/nic4.js'
import { hexText, packetFixture, packetNames } from '../../support/packet.js'

const requests = packetNames('dhcpv4-')
  .filter((name) => /-(discover|request|inform|bootp)/.test(name))
  .map((name) => fixedUp(packetFixture(name)))

/** NICs of one network: names of one length, of another, and none. */
function networkOf(changes: ServiceChanges): readonly CompiledDhcpv4[] {
  const first = compiledNic(changes)
  return ['vm1', 'vm2', 'guest7', ''].map((hostname, index) => ({
    ...first,
    hostname,
    mac: nicMac + index * 0x1_0000_0101,
    sourceMac: first.sourceMac + index,
    address: first.address + index,
  }))
}

/** Names that the administrator gives, one of which is a NIC's own, and more than there is room for. */
const named: ServiceChanges = {
  rawOptions: [
    { code: 12, value: Uint8Array.from(ascii('vm1')) },
    { code: 43, value: new Uint8Array(240).fill(7) },
    { code: 224, value: new Uint8Array(250).fill(9) },
  ],
}

for (const [what, changes] of [
  ['with everything', richService],
  ['without domain', { domain: undefined }],
  ['with raw options', named],
] as const) {
  t.test(`${what}: NICs that share answers are told what would be built anew`, async (t) => {
    const nics = networkOf(changes)
    let compared = 0
    let shared = 0
    fc.assert(
      fc.property(fc.array(variedRequests(), { maxLength: 3 }), (asked) => {
        for (const write of asked) {
          for (const nic of [...nics, ...nics]) {
            const frame = write(nic)
            const known = new Set(nic.network.templates)
            const own = new Set([nic.latest, nic.former])
            const slot = { bytes: new Uint8Array(1600).fill(0xee), at: 9, size: 1514 }
            const outcome = answerIpv4(nic, packetOf(frame), slot)
            const built = builtAnew(nic, frame)
            if (outcome.kind !== 'reply') {
              if (built !== undefined) t.fail('there should be an answer')
              continue
            }
            compared++
            const { latest } = nic
            if (latest !== undefined && known.has(latest) && !own.has(latest)) shared++
            const kept = slot.bytes.subarray(9, 9 + outcome.length)
            if (built === undefined || hexText(kept) !== hexText(built)) t.fail('it differs')
            if (nic.network.templates.length > 64) t.fail('it keeps too many')
          }
        }
      }),
      { numRuns: 300 },
    )
    t.ok(compared > 500, `${compared} answers`)
    t.ok(shared > 100, `${shared} times a NIC took an answer that was built for another`)
  })
}

t.test(
  'a name that the administrator gives to all stays, though it is also the name of one',
  async (t) => {
    const discover = [
      [53, [1]],
      [55, [12]],
    ] as const
    const [first, second] = networkOf(named)
    if (first === undefined || second === undefined) throw new Error('no NICs')
    for (const nic of [first, second]) {
      const frame = frameOf({ options: discover })
      writeU48(frame, 70, nic.mac)
      const message = answered(nic, fixedUp(frame))?.message
      t.equal(message && optionHex(message, 12), Buffer.from('vm1').toString('hex'))
    }
    t.not(first.latest, second.latest, 'the answer of the first was not taken for the second')
  },
)

t.test(
  'a guest that asks in ever new ways fills no memory, and takes nothing from others',
  async (t) => {
    const [hostile, other] = networkOf({})
    if (hostile === undefined || other === undefined) throw new Error('no NICs')
    const asking = (nic: CompiledDhcpv4, codes: readonly number[]) => {
      const frame = frameOf({
        options: [
          [53, [1]],
          [55, codes],
        ],
      })
      writeU48(frame, 70, nic.mac)
      return fixedUp(frame)
    }
    answered(other, asking(other, [1, 3, 6]))
    const { latest } = other
    for (let code = 0; code < 200; code++) answered(hostile, asking(hostile, [code]))
    t.equal(hostile.network.templates.length, 64)
    answered(other, asking(other, [1, 3, 6]))
    t.ok(latest !== undefined && other.latest === latest, 'the other still has its own')
  },
)

t.test('what a client sends in two ways in turn is built twice, not each time', async (t) => {
  const [nic] = networkOf({})
  if (nic === undefined) throw new Error('no NIC')
  const discover = frameOf({ options: [[53, [1]]] })
  const request = frameOf({
    options: [
      [53, [3]],
      [50, [192, 0, 2, 10]],
      [81, [0, 0, 0]],
    ],
  })
  const used = [discover, request, discover, request].map((frame) => {
    answered(nic, frame)
    return nic.latest
  })
  t.equal(new Set(used).size, 2)
  t.equal(nic.network.templates.length, 2)
})

/** What the ordinary encoder makes of a request, without any template. */
function builtAnew(nic: CompiledDhcpv4, frame: Uint8Array): Uint8Array | undefined {
  const request = readDhcpv4Request(frame, 42, 34 + readU16(frame, 38))
  if (request === undefined) return undefined
  const addresses = { source: readU32(frame, 26), destination: readU32(frame, 30) }
  const decision = decideDhcpv4(nic, request, addresses)
  if (decision.kind !== 'reply') return undefined
  const boot = bootRuleFor(nic.network.told.boot, request)
  const bytes = new Uint8Array(1514)
  const reply = composeReply(nic, request, { decision, boot })
  return bytes.slice(0, writeReply(nic, reply, bytes, 0))
}

/**
 * Goldens with other ids, flags and addresses, and now and then another option, in few enough ways to come again; each as a NIC
 * sends it.
 */
function variedRequests(): fc.Arbitrary<(nic: CompiledDhcpv4) => Uint8Array> {
  return fc
    .record({
      frame: fc.constantFrom(...requests),
      xid: fc.nat(0xffff_ffff),
      flags: fc.constantFrom(0, 0x8000),
      ciaddr: fc.constantFrom('none', 'none', 'own', 'other'),
      giaddr: fc.constantFrom(0, 0, number('198.51.100.1')),
      extra: fc.constantFrom(
        ...[[], [], [82, 2, 1, 2], [61, 3, 1, 2, 3], [61, 4, 0, 9, 9, 9], [80, 0]],
        ...[
          [57, 2, 5, 220],
          [57, 2, 2, 64],
          [81, 3, 0, 0, 0],
          [81, 5, 5, 0, 0, 1, 65],
        ],
      ),
    })
    .map(({ frame, xid, flags, ciaddr, giaddr, extra }) => (nic) => {
      const end = frame.lastIndexOf(255)
      const copy = new Uint8Array(Math.max(frame.length, end + extra.length + 1))
      copy.set(frame)
      writeU32(copy, 46, xid)
      writeU16(copy, 52, flags)
      writeU32(copy, 54, { none: 0, own: nic.address, other: number('192.0.2.77') }[ciaddr] ?? 0)
      writeU32(copy, 66, giaddr)
      writeU48(copy, 70, nic.mac)
      if (end > 282) copy.set([...extra, 255], end)
      writeU16(copy, 16, copy.length - 14)
      writeU16(copy, 38, copy.length - 34)
      return fixedUp(copy)
    })
}
