import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { NicService } from '#binding/service.js'
import { answerIpv6, compileIpv6 } from '#responder/ipv6.js'
import type { Packet } from '#responder/outcome.js'
import { decodeDhcpv6 } from '#wire/dhcpv6/message.js'
import type { NdpMessage } from '#wire/ndp/message.js'
import { dissected, lackOfDissector } from '../support/dissector.js'
import { dhcpv6Frame, type FrameWish, ip6, macNo, ndFrame, packetOf } from '../support/frame6.js'
import {
  answer,
  changedDhcp6,
  cidr6,
  nicService,
  testDevice,
  testDhcp6,
  testNeighbours,
  testRa,
} from '../support/nic6.js'
import { packetFixture, packetNames } from '../support/packet.js'

const solicitation: NdpMessage = { kind: 'router-solicitation', options: [] }
const padding = (protocol: number) => ({
  kind: 'options' as const,
  protocol,
  // padding of six bytes, or a routing header of type 4 with no station left
  body: protocol === 43 ? Uint8Array.of(4, 0, 0, 0, 0, 0) : Uint8Array.of(1, 4, 0, 0, 0, 0),
})

/** The server that a golden message names, so that it is answered. */
function namedServer(name: string): Uint8Array {
  const bytes = packetFixture(name)
  const message = decodeDhcpv6(bytes, 62, bytes.length - 62)
  const option = message?.options.find(({ code }) => code === 2)
  if (option?.kind !== 'bytes') throw new Error(`${name} names no server`)
  return option.value
}

/** Services that differ in what they answer, so that every path is taken. */
const services: readonly NicService[] = [
  nicService(),
  nicService({ isGateway: false, ra: { ...testRa, routerLifetimeSeconds: 0 } }),
  nicService({
    ra: { ...testRa, sourceAddress: ip6('fe80::1'), isManaged: true, hasOtherConfig: true },
    neighbours: { ...testNeighbours, targets: [ip6('fe80::1')], isProxy: false },
    dhcp6: changedDhcp6({
      address: undefined,
      delegatedPrefix: undefined,
      serverDuid: namedServer('dhcpv6-request-dhcpcd'),
    }),
  }),
  nicService({
    dhcp6: changedDhcp6({
      address: ip6('2001:db8:1::301'),
      delegatedPrefix: cidr6('2001:db8:e00::/56'),
      serverDuid: namedServer('dhcpv6-request-dhclient'),
      boot: [
        { architectures: [], userClass: undefined, server: 'boot.example.org', file: 'x.efi' },
      ],
    }),
  }),
]

const passed: readonly { readonly what: string; readonly bytes: Uint8Array }[] = [
  { what: "a host's own announcement", bytes: packetFixture('ndp-na-kernel') },
  { what: 'an advertisement of a guest', bytes: packetFixture('ndp-ra-radvd') },
  { what: 'a server of DHCPv6', bytes: packetFixture('dhcpv6-advertise-dhcpd') },
]
for (const { what, bytes } of passed) {
  t.test(`${what} is not ours`, async (t) => {
    const { outcome } = answer(nicService(), packetOf(bytes))
    t.strictSame(outcome, { kind: 'pass', reason: 'not-ours' })
  })
}

const headers: readonly { readonly what: string; readonly extensions: FrameWish['extensions'] }[] =
  [
    { what: 'hop-by-hop options', extensions: [padding(0)] },
    { what: 'destination options', extensions: [padding(60)] },
    { what: 'all of them', extensions: [padding(0), padding(60), padding(43), padding(60)] },
  ]
for (const { what, extensions = [] } of headers) {
  t.test(`${what} before a message do not keep it from being answered`, async (t) => {
    const nd = answer(nicService(), packetOf(ndFrame(solicitation, { extensions })))
    t.match(nd.outcome, { kind: 'reply', what: 'router-advertisement' })
    const message = { type: 11, transactionId: 1, options: [] }
    const dhcp = answer(nicService(), packetOf(dhcpv6Frame(message, { extensions })))
    t.match(dhcp.outcome, { kind: 'reply', what: 'dhcpv6-reply' })
  })
}

t.test('more extension headers than anybody needs: no answer', async (t) => {
  const extensions = new Array<ReturnType<typeof padding>>(9).fill(padding(60))
  const { outcome } = answer(nicService(), packetOf(ndFrame(solicitation, { extensions })))
  t.strictSame(outcome, { kind: 'drop', reason: 'malformed-ip' })
})

t.test('a DHCPv6 message in a fragment gets no answer; other fragments pass', async (t) => {
  const fragment = (offsetBytes: number) => ({
    kind: 'fragment' as const,
    offsetBytes,
    isMoreFragments: true,
    identification: 1,
  })
  const message = { type: 11, transactionId: 1, options: [] }
  const outcome = (offsetBytes: number) =>
    answer(nicService(), packetOf(dhcpv6Frame(message, { extensions: [fragment(offsetBytes)] })))
      .outcome
  t.match(outcome(0), { kind: 'drop', reason: 'fragment' })
  t.match(outcome(8), { kind: 'pass', reason: 'not-ours' })
})

t.test('what is cut off anywhere gets no answer', async (t) => {
  for (const name of ['ndp-rs-kernel', 'ndp-ns-resolution-kernel', 'dhcpv6-solicit-dhclient']) {
    const bytes = packetFixture(name)
    for (let length = 0; length < bytes.length - 14; length++) {
      const packet: Packet = { ...packetOf(bytes), length }
      t.match(answer(nicService(), packet).outcome, { kind: 'drop', reason: 'malformed-ip' })
    }
  }
})

t.test('a guest that asks in the name of another teaches nobody anything', async (t) => {
  // its neighbour's addresses: what is answered goes down its own tap and says only what it is told anyway
  for (const source of ['fe80::99', '2001:db8:1::99']) {
    const { reply } = answer(nicService(), packetOf(ndFrame(solicitation, { source })))
    t.equal(reply?.destinationMac, 'aa:00:00:12:34:56')
    t.match(reply?.nd, { options: { length: 8 } })
  }
})

t.test('M is never told without something to assign, nor O without DHCPv6', async () => {
  const flags = fc.tuple(fc.boolean(), fc.boolean())
  const behind = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean())
  fc.assert(
    fc.property(flags, behind, ([isManaged, hasOtherConfig], [hasDhcp, hasAddress, hasPrefix]) => {
      const dhcp6 = {
        ...testDhcp6,
        address: hasAddress ? testDhcp6.address : undefined,
        delegatedPrefix: hasPrefix ? testDhcp6.delegatedPrefix : undefined,
      }
      const nic = nicService({
        ra: { ...testRa, isManaged, hasOtherConfig },
        dhcp6: hasDhcp ? dhcp6 : undefined,
      })
      const nd = answer(nic, packetOf(ndFrame(solicitation))).reply?.nd
      assert.ok(nd?.kind === 'router-advertisement')
      assert.equal(nd.isManaged, isManaged && hasDhcp && (hasAddress || hasPrefix))
      assert.equal(nd.hasOtherConfig, hasOtherConfig && hasDhcp)
    }),
    { numRuns: 64 },
  )
})

/** Asks for every option that there is. */
const curious = dhcpv6Frame({
  type: 11,
  transactionId: 1,
  options: [{ kind: 'numbers', code: 6, values: Array.from({ length: 120 }, (_, code) => code) }],
})
const golden = [...packetNames('ndp-'), ...packetNames('dhcpv6-')]
  .map(packetFixture)
  .concat(curious)

t.test('200,000 mutated packets: no throw, no stray byte, no frame to anybody else', async (t) => {
  const nic = macNo('aa:00:00:12:34:56')
  const compiled = services.map((service) => compileIpv6(service, testDevice))
  const bytes = new Uint8Array(2100)
  const slot = { bytes, at: 300, size: 1514 }
  const seen = new Map<string, number>()
  let seed = 20_261_120
  const draw = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  bytes.fill(0xa5)
  for (let round = 0; round < 200_000; round++) {
    const packet = mutated(golden[draw(golden.length)] ?? new Uint8Array(0), draw)
    const ipv6 = compiled[round % compiled.length]
    if (ipv6 === undefined) throw new Error('no service')
    const outcome = answerIpv6(ipv6, packet, slot)
    const name = outcome.kind === 'reply' ? outcome.what : outcome.reason
    seen.set(name, (seen.get(name) ?? 0) + 1)
    if (outcome.kind !== 'reply') continue
    const isSound =
      outcome.length <= slot.size &&
      bytes[slot.at - 1] === 0xa5 &&
      bytes[slot.at + slot.size] === 0xa5 &&
      destinationOf(bytes, slot.at) === nic
    if (!isSound) t.fail(`round ${round}: ${JSON.stringify(outcome)}`)
  }
  // the mutations reach what they are meant to reach
  for (const name of [
    ...['router-advertisement', 'neighbour-advertisement', 'dhcpv6-advertise', 'dhcpv6-reply'],
    ...['malformed-ip', 'malformed-nd', 'malformed-udp', 'malformed-dhcp', 'bad-checksum'],
    ...['wrong-hop-limit', 'wrong-source-address', 'other-server', 'not-ours', 'other-target'],
    ...['not-a-request', 'unknown-message', 'duplicate-address-detection'],
  ])
    t.ok((seen.get(name) ?? 0) > 0, `${name}: ${seen.get(name) ?? 0}`)
})

/** In CI a missing dissector is a failure, not a reason to skip. */
const skip = process.env['CI'] === 'true' ? false : (lackOfDissector() ?? false)

t.test('an independent dissector finds nothing wrong in any answer', { skip }, async (t) => {
  const answers = golden.flatMap((bytes) =>
    services.map((service) => answer(service, packetOf(bytes)).frame),
  )
  const frames = answers.filter(({ length }) => length > 0)
  t.ok(frames.length >= 50, `${frames.length} answers`)
  for (const [index, verdict] of dissected(frames).entries()) {
    t.match(verdict, { complaints: '', areChecksumsGood: true }, `answer ${index}`)
    t.match(verdict.protocols, /:ipv6:(icmpv6$|udp:dhcpv6$)/)
  }
  const [spoilt = new Uint8Array(0)] = frames
  spoilt.fill(0xee, 56, 58)
  t.match(dissected([spoilt]), [{ areChecksumsGood: false }], 'and it would find something')
})

/** The Ethernet destination of a frame. */
function destinationOf(bytes: Uint8Array, at: number): number {
  let number = 0
  for (let index = 0; index < 6; index++) number = number * 256 + (bytes[at + index] ?? 0)
  return number
}

/** The packet with a few bytes changed, shortened or lengthened; most with a checksum that is not looked at. */
function mutated(bytes: Uint8Array, draw: (below: number) => number): Packet {
  const copy = new Uint8Array(bytes.length + (draw(8) === 0 ? draw(60) : 0))
  copy.set(bytes)
  const changes = draw(5)
  for (let change = 0; change < changes; change++) {
    const at = 14 + draw(copy.length - 14)
    copy[at] = draw(3) === 0 ? ([0, 1, 255, 128, 58, 17, 44, 60][draw(8)] ?? 0) : draw(256)
  }
  const length = draw(20) === 0 ? draw(copy.length - 13) : copy.length - 14
  return { ...packetOf(copy, draw(4) === 0), length }
}
