import t from 'tap'
import type { RaService } from '#binding/service.js'
import type { Outcome } from '#responder/outcome.js'
import { compileRouter } from '#responder/ra/answer.js'
import { writeAdvertisement } from '#responder/ra/write.js'
import type { NdpMessage } from '#wire/ndp/message.js'
import { type FrameWish, ip6, ndFrame, packetOf } from '../../support/frame6.js'
import {
  answer,
  cidr6,
  nicService,
  replyOf,
  testDevice,
  testDhcp6,
  testRa,
  testRouter,
} from '../../support/nic6.js'
import { packetFixture } from '../../support/packet.js'

const solicitation: NdpMessage = { kind: 'router-solicitation', options: [] }
const withSource: NdpMessage = {
  kind: 'router-solicitation',
  options: [{ kind: 'source-link-layer-address', mac: nicService().mac }],
}

/** Options of an advertisement to the usual guest. */
function advertised(
  change: Partial<RaService>,
  service: Partial<ReturnType<typeof nicService>> = {},
) {
  const nic = nicService({ ra: { ...testRa, ...change }, ...service })
  const { reply } = answer(nic, packetOf(ndFrame(solicitation)))
  if (reply?.nd?.kind !== 'router-advertisement') throw new Error('no advertisement')
  return reply.nd
}

t.test('a solicitation is answered with everything that the service names', async (t) => {
  const { outcome, reply } = answer(nicService(), packetOf(packetFixture('ndp-rs-kernel')))
  t.match(outcome, { kind: 'reply', what: 'router-advertisement', verdict: 'drop' })
  t.match(reply, {
    destinationMac: 'aa:00:00:12:34:56',
    sourceMac: 'fe:00:00:00:00:01',
    isChecksumValid: true,
    ip: { source: testRouter, destination: 'fe80::a800:ff:fe12:3456', hopLimit: 255 },
  })
  t.strictSame(reply?.nd, {
    kind: 'router-advertisement',
    hopLimit: 64,
    isManaged: false,
    hasOtherConfig: false,
    preference: 'medium',
    routerLifetimeSeconds: 1800,
    reachableMs: 0,
    retransMs: 0,
    options: [
      { kind: 'source-link-layer-address', mac: 'fe:00:00:00:00:01' },
      { kind: 'mtu', mtu: 1500 },
      {
        kind: 'prefix',
        prefix: { address: '2001:db8:1::', prefixLength: 64 },
        isOnLink: true,
        isAutonomous: true,
        isRouterAddress: false,
        isDelegationPreferred: false,
        validSeconds: 86400,
        preferredSeconds: 14400,
      },
      {
        kind: 'dns-servers',
        lifetimeSeconds: 600,
        addresses: ['2001:db8::53', '2001:db8::54'],
      },
      {
        kind: 'dns-search-list',
        lifetimeSeconds: 600,
        names: ['example.org', 'sub.example.net'],
      },
      {
        kind: 'route',
        prefix: { address: '2001:db8:ff::', prefixLength: 48 },
        preference: 'low',
        lifetimeSeconds: 1800,
      },
      {
        kind: 'pref64',
        prefix: { address: '64:ff9b::', prefixLength: 96 },
        lifetimeSeconds: 600,
      },
      { kind: 'captive-portal', uri: 'https://portal.example.org/api' },
    ],
  })
})

const sources: readonly { readonly what: string; readonly source: string; readonly to: string }[] =
  [
    { what: 'made of the hardware address', source: 'fe80::a800:ff:fe12:3456', to: 'same' },
    { what: 'stable and opaque (RFC 7217)', source: 'fe80::1234:5678:9abc:def0', to: 'same' },
    { what: 'set by hand', source: 'fe80::2', to: 'same' },
    { what: 'at the other end of fe80::/10', source: 'febf::2', to: 'same' },
    { what: "of the NIC's prefix", source: '2001:db8:1::77', to: 'same' },
    { what: 'not there yet', source: '::', to: 'ff02::1' },
  ]
for (const { what, source, to } of sources) {
  t.test(`a source that is ${what} is answered, in a frame to the NIC alone`, async (t) => {
    const { reply } = answer(nicService(), packetOf(ndFrame(solicitation, { source })))
    t.equal(reply?.ip.destination, to === 'same' ? source : to)
    t.equal(reply?.destinationMac, 'aa:00:00:12:34:56')
    t.ok(reply?.isChecksumValid)
  })
}

const refused: readonly {
  readonly what: string
  readonly message?: NdpMessage
  readonly wish: FrameWish
  readonly reason: string
}[] = [
  { what: 'hop limit 254 (RFC 4861 §6.1.1)', wish: { hopLimit: 254 }, reason: 'wrong-hop-limit' },
  {
    what: 'source :: and its hardware address (RFC 4861 §6.1.1)',
    message: withSource,
    wish: { source: '::' },
    reason: 'malformed-nd',
  },
  { what: 'a group for source', wish: { source: 'ff02::1' }, reason: 'wrong-source-address' },
  { what: 'the loopback address', wish: { source: '::1' }, reason: 'wrong-source-address' },
  { what: "the router's address", wish: { source: testRouter }, reason: 'wrong-source-address' },
  {
    what: 'an address of another network',
    wish: { source: '2001:db8:2::77' },
    reason: 'wrong-source-address',
  },
  {
    what: 'a fragment header, even one that says "whole" (RFC 6980 §5)',
    wish: {
      extensions: [{ kind: 'fragment', offsetBytes: 0, isMoreFragments: false, identification: 1 }],
    },
    reason: 'fragment',
  },
]
for (const { what, message = solicitation, wish, reason } of refused) {
  t.test(`${what}: no answer`, async (t) => {
    const { outcome } = answer(nicService(), packetOf(ndFrame(message, wish)))
    t.strictSame(outcome, { kind: 'drop', reason })
  })
}

t.test('a wrong checksum, code or length gets no answer (RFC 4861 §6.1.1)', async (t) => {
  const wrong = (at: number, value: number): Outcome => {
    const bytes = ndFrame(withSource)
    bytes[at] = value
    return answer(nicService(), packetOf(bytes)).outcome
  }
  t.match(wrong(57, 0xee), { kind: 'drop', reason: 'bad-checksum' })
  t.match(wrong(55, 1), { kind: 'drop', reason: 'malformed-nd' }, 'code')
  t.match(wrong(63, 0), { kind: 'drop', reason: 'malformed-nd' }, 'an option of length 0')
  t.match(wrong(63, 2), { kind: 'drop', reason: 'malformed-nd' }, 'an option that is cut off')
})

t.test('a checksum that the hardware would fill in later is not looked at', async (t) => {
  const bytes = ndFrame(solicitation)
  bytes.fill(0, 56, 58)
  t.equal(answer(nicService(), packetOf(bytes)).outcome.kind, 'drop')
  t.equal(answer(nicService(), packetOf(bytes, false)).outcome.kind, 'reply')
})

t.test('on a bridge the solicitation goes on to the real router', async (t) => {
  const nic = nicService({ isGateway: false, ra: { ...testRa, routerLifetimeSeconds: 0 } })
  const { outcome, reply } = answer(nic, packetOf(ndFrame(solicitation)))
  t.match(outcome, { kind: 'reply', verdict: 'pass' })
  t.match(reply, { nd: { routerLifetimeSeconds: 0 } })
})

t.test('a router that is none has no preference (RFC 4191 §2.2)', async (t) => {
  t.match(advertised({ preference: 'high' }), { preference: 'high' })
  t.match(advertised({ preference: 'high', routerLifetimeSeconds: 0 }), { preference: 'medium' })
})

t.test('M is told only with something to assign, O only with DHCPv6', async (t) => {
  const flags = { isManaged: true, hasOtherConfig: true }
  t.match(advertised(flags), flags)
  const stateless = { ...testDhcp6, address: undefined, delegatedPrefix: undefined }
  t.match(advertised(flags, { dhcp6: stateless }), { isManaged: false, hasOtherConfig: true })
  t.match(advertised(flags, { dhcp6: undefined }), { isManaged: false, hasOtherConfig: false })
})

t.test('the MTU is the configured one, else the one of the tap', async (t) => {
  const mtus = (change: Partial<RaService>, mtu: number) => {
    const nic = nicService({ ra: { ...testRa, ...change } })
    const { reply } = answer(nic, packetOf(ndFrame(solicitation)), {
      device: { ...testDevice, mtu },
    })
    const options = reply?.nd?.options ?? []
    return options.flatMap((option) => (option.kind === 'mtu' ? [option.mtu] : []))
  }
  t.strictSame(mtus({}, 1400), [1400])
  t.strictSame(mtus({ mtu: 1300 }, 1400), [1300])
  t.strictSame(mtus({ mtu: 9000 }, 1400), [], 'more than the tap carries (RFC 4861 §6.3.4)')
  t.strictSame(mtus({ mtu: 1200 }, 1400), [], 'less than IPv6 needs (RFC 8200 §5)')
})

t.test('a preferred lifetime is never above the valid one (RFC 4862 §5.5.3)', async (t) => {
  const [prefix] = testRa.prefixes
  if (prefix === undefined) throw new Error('no prefix')
  const shown = advertised({ prefixes: [{ ...prefix, validSeconds: 60 }] })
  t.match(shown.options[2], { validSeconds: 60, preferredSeconds: 60 })
})

t.test('the router may have one address on every node', async (t) => {
  const nic = nicService({ ra: { ...testRa, sourceAddress: ip6('fe80::1') } })
  t.equal(answer(nic, packetOf(ndFrame(solicitation))).reply?.ip.source, 'fe80::1')
})

t.test('what does not fit into one packet is left out, never fragmented', async (t) => {
  const prefixes = Array.from({ length: 60 }, (_, index) => ({
    prefix: cidr6(`2001:db8:${index.toString(16)}::/64`),
    isOnLink: false,
    isAutonomous: true,
    validSeconds: 3600,
    preferredSeconds: 1800,
  }))
  const nic = nicService({ ra: { ...testRa, prefixes, searchList: ['no name'] } })
  const compiled = compileRouter(nic, testDevice)
  t.ok((compiled?.advertisement.omittedCount ?? 0) > 0)
  const { outcome, reply } = answer(nic, packetOf(ndFrame(solicitation)))
  t.ok(outcome.kind === 'reply' && outcome.length <= 1514)
  t.ok(reply?.isChecksumValid)
})

t.test('without advertisements a solicitation passes, whatever it is', async (t) => {
  const bytes = ndFrame(solicitation, { hopLimit: 3 })
  const { outcome } = answer(nicService({ ra: undefined }), packetOf(bytes))
  t.strictSame(outcome, { kind: 'pass', reason: 'not-served' })
})

for (const isFinal of [false, true]) {
  t.test(`${isFinal ? 'the last' : 'an unasked'} advertisement goes to all nodes`, async (t) => {
    const compiled = compileRouter(
      nicService({ ra: { ...testRa, preference: 'high' } }),
      testDevice,
    )
    if (compiled === undefined) throw new Error('is not compiled')
    const slot = { bytes: new Uint8Array(1600), at: 7, size: 1514 }
    const { mac, advertisement } = compiled
    const length = writeAdvertisement(advertisement, slot, { mac, isFinal })
    const reply = replyOf(slot.bytes.slice(7, 7 + length))
    t.match(reply, {
      destinationMac: 'aa:00:00:12:34:56',
      isChecksumValid: true,
      ip: { destination: 'ff02::1', source: testRouter },
      nd: {
        // RFC 4861 §6.2.5: lifetime 0; RFC 4191 §2.2: and then no preference
        routerLifetimeSeconds: isFinal ? 0 : 1800,
        preference: isFinal ? 'medium' : 'high',
      },
    })
    t.match(reply.nd?.options[2], { validSeconds: 86400 }, 'prefixes stay')
    t.equal(writeAdvertisement(advertisement, { ...slot, size: 100 }, { mac, isFinal }), 0)
  })
}
