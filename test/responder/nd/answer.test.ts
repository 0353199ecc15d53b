import t from 'tap'
import type { NdpMessage } from '#wire/ndp/message.js'
import type { NdpOption } from '#wire/ndp/option.js'
import { type FrameWish, ip6, ndFrame, packetOf } from '../../support/frame6.js'
import { answer, nicService, testNeighbours, testRouter } from '../../support/nic6.js'
import { packetFixture } from '../../support/packet.js'

const guest = 'fe80::a800:ff:fe12:3456'

/** What becomes of a guest's question for an address. */
function asked(target: string, wish: FrameWish = {}, options: readonly NdpOption[] = []) {
  const message: NdpMessage = { kind: 'neighbour-solicitation', target: ip6(target), options }
  return answer(nicService(), packetOf(ndFrame(message, wish)))
}

t.test("the kernel's question for its gateway is answered", async (t) => {
  const packet = packetOf(packetFixture('ndp-ns-resolution-kernel'))
  const { outcome, reply } = answer(nicService(), packet)
  t.match(outcome, { kind: 'reply', what: 'neighbour-advertisement', verdict: 'drop' })
  t.match(reply, {
    destinationMac: 'aa:00:00:12:34:56',
    sourceMac: 'fe:00:00:00:00:01',
    isChecksumValid: true,
    ip: {
      source: '2001:db8:1::1',
      destination: '2001:db8:1:0:a800:ff:fe12:3456',
      hopLimit: 255,
    },
  })
  t.strictSame(reply?.nd, {
    kind: 'neighbour-advertisement',
    isRouter: true,
    isSolicited: true,
    isOverride: true,
    target: '2001:db8:1::1',
    options: [{ kind: 'target-link-layer-address', mac: 'fe:00:00:00:00:01' }],
  })
})

t.test('it asks whether its gateway is still there, without its own address', async (t) => {
  const bytes = packetFixture('ndp-ns-unreachability-kernel')
  const nic = nicService({ neighbours: { ...testNeighbours, targets: [ip6('fe80::1')] } })
  t.match(answer(nic, packetOf(bytes)).reply, { nd: { target: 'fe80::1', isSolicited: true } })
  const { reply } = asked(testRouter, { destination: testRouter })
  t.match(reply, { ip: { destination: guest }, nd: { isOverride: true } })
})

t.test('for a neighbour that the host routes to it answers as a proxy', async (t) => {
  // RFC 4861 §7.2.8: without flag O, so that the neighbour itself wins where it answers too
  const { reply } = asked('2001:db8:1::99')
  t.match(reply, {
    ip: { source: testRouter },
    nd: { target: '2001:db8:1::99', isOverride: false, isSolicited: true, isRouter: true },
  })
})

const passed: readonly { readonly what: string; readonly target: string }[] = [
  { what: "the NIC's own address", target: '2001:db8:1:0:a800:ff:fe12:3456' },
  { what: "the NIC's other address", target: '2001:db8:1::10' },
  { what: 'an address of another network', target: '2001:db8:2::1' },
  { what: "a neighbour's link-local address", target: 'fe80::99' },
]
for (const { what, target } of passed) {
  t.test(`${what} is somebody else's to answer for`, async (t) => {
    t.strictSame(asked(target).outcome, { kind: 'pass', reason: 'other-target' })
  })
}

t.test('where the host does not stand in for neighbours, only its own are answered', async (t) => {
  const nic = nicService({ neighbours: { ...testNeighbours, isProxy: false } })
  const message = (target: string): NdpMessage => ({
    kind: 'neighbour-solicitation',
    target: ip6(target),
    options: [],
  })
  const outcome = (target: string) => answer(nic, packetOf(ndFrame(message(target)))).outcome
  t.match(outcome('2001:db8:1::99'), { kind: 'pass', reason: 'other-target' })
  t.match(outcome('2001:db8:1::1'), { kind: 'reply' })
})

t.test('duplicate address detection is left alone (RFC 4862 §5.4)', async (t) => {
  const own = answer(nicService(), packetOf(packetFixture('ndp-ns-dad-kernel'))).outcome
  t.strictSame(own, { kind: 'pass', reason: 'duplicate-address-detection' })
  const neighbour = asked('2001:db8:1::99', { source: '::', destination: 'ff02::1:ff00:99' })
  t.match(neighbour.outcome, { kind: 'pass', reason: 'duplicate-address-detection' })
})

t.test("who wants the router's address is told that it is taken (RFC 4862 §5.4.4)", async (t) => {
  const { outcome, reply } = asked('2001:db8:1::1', { source: '::' })
  t.match(outcome, { kind: 'reply' })
  t.match(reply, {
    destinationMac: 'aa:00:00:12:34:56',
    isChecksumValid: true,
    ip: { source: '2001:db8:1::1', destination: 'ff02::1' },
    nd: { target: '2001:db8:1::1', isSolicited: false, isOverride: true },
  })
})

const slla: NdpOption = { kind: 'source-link-layer-address', mac: nicService().mac }
const refused: readonly {
  readonly what: string
  readonly target?: string
  readonly wish: FrameWish
  readonly options?: readonly NdpOption[]
  readonly reason: string
}[] = [
  { what: 'hop limit 254', wish: { hopLimit: 254 }, reason: 'wrong-hop-limit' },
  { what: 'a group for target', target: 'ff02::1', wish: {}, reason: 'malformed-nd' },
  {
    what: 'source :: and a hardware address',
    wish: { source: '::' },
    options: [slla],
    reason: 'malformed-nd',
  },
  {
    what: 'source :: and another destination than the group of the address',
    wish: { source: '::', destination: '2001:db8:1::1' },
    reason: 'malformed-nd',
  },
  { what: 'a group for source', wish: { source: 'ff02::1' }, reason: 'wrong-source-address' },
  {
    what: "the router's address for source",
    wish: { source: '2001:db8:1::1' },
    reason: 'wrong-source-address',
  },
  {
    what: 'a fragment header (RFC 6980 §5)',
    wish: {
      extensions: [{ kind: 'fragment', offsetBytes: 0, isMoreFragments: true, identification: 1 }],
    },
    reason: 'fragment',
  },
]
for (const { what, target = '2001:db8:1::1', wish, options, reason } of refused) {
  t.test(`${what}: no answer (RFC 4861 §7.1.1)`, async (t) => {
    t.strictSame(asked(target, wish, options).outcome, { kind: 'drop', reason })
  })
}

t.test('a wrong checksum, code or length gets no answer (RFC 4861 §7.1.1)', async (t) => {
  const wrong = (at: number, value: number) => {
    const bytes = packetFixture('ndp-ns-resolution-kernel')
    bytes[at] = value
    return answer(nicService(), packetOf(bytes)).outcome
  }
  t.match(wrong(57, 0xee), { reason: 'bad-checksum' })
  t.match(wrong(55, 1), { reason: 'malformed-nd' })
  t.match(wrong(79, 0), { reason: 'malformed-nd' }, 'an option of length 0')
})

t.test('a host that is not the router does not say that it is', async (t) => {
  const message: NdpMessage = {
    kind: 'neighbour-solicitation',
    target: ip6('2001:db8:1::1'),
    options: [],
  }
  const { reply } = answer(nicService({ isGateway: false }), packetOf(ndFrame(message)))
  t.match(reply, { nd: { isRouter: false } })
})

t.test(
  'a NIC that is the gateway itself, or has the router’s address, is not answered for it',
  async (t) => {
    const target = ip6('2001:db8:1::1')
    const message: NdpMessage = { kind: 'neighbour-solicitation', target, options: [] }
    const { outcome } = answer(nicService({ ip6: target }), packetOf(ndFrame(message)))
    t.strictSame(outcome, { kind: 'pass', reason: 'other-target' })
  },
)

t.test('a NIC without neighbour service: all of it passes', async (t) => {
  const packet = packetOf(packetFixture('ndp-ns-resolution-kernel'))
  t.strictSame(answer(nicService({ neighbours: undefined }), packet).outcome, {
    kind: 'pass',
    reason: 'not-served',
  })
})
