import t from 'tap'
import { parseCidr4 } from '#addr/cidr.js'
import type { ClasslessRoute } from '#binding/service.js'
import type { Dhcpv4Message } from '#wire/dhcpv4/message.js'
import { textOf } from '../../support/dhcpv4.js'
import {
  answered,
  ascii,
  compiledNic,
  frameOf,
  ip,
  optionCodes,
  optionHex,
  type Sent,
  type ServiceChanges,
} from '../../support/nic4.js'
import { packetFixture } from '../../support/packet.js'

const always = [53, 54, 51, 58, 59]

/** Each option's value for a service that has something to say: RFC 2132 unless another is named. */
const values: readonly [string, number, ServiceChanges, string][] = [
  ['mask', 1, {}, 'ffffff00'],
  ['mask of a single address', 1, { prefixLength: 32 }, 'ffffffff'],
  ['router', 3, {}, 'c0000201'],
  ['DNS servers, in one option', 6, {}, 'c0000235c0000236'],
  ['host name, its first label only', 12, { hostname: 'vm1.example.org' }, hexOf('vm1')],
  ['domain', 15, {}, hexOf('example.org')],
  ['MTU of the tap', 26, {}, '05dc'],
  ['MTU that was configured', 26, { mtu: 1400 }, '0578'],
  ['broadcast address', 28, {}, 'c00002ff'],
  ['NTP servers', 42, {}, 'c000027b'],
  ['lease time', 51, {}, '0000a8c0'],
  ['renewal time', 58, {}, '00005460'],
  ['rebinding time', 59, {}, '000093a8'],
  ['captive portal (RFC 8910)', 114, { captivePortal: 'https://p/' }, hexOf('https://p/')],
  [
    'search list, compressed (RFC 3397)',
    119,
    {},
    `07${hexOf('example')}03${hexOf('org')}0003${hexOf('lab')}c000`,
  ],
  ['routes: the default one (RFC 3442)', 121, {}, '00c0000201'],
  [
    'routes: more, and the default one last (RFC 3442)',
    121,
    { routes: [route('169.254.169.254/32', '0.0.0.0'), route('10.0.0.0/9', '192.0.2.2')] },
    '20a9fea9fe00000000 090a00c0000202 00c0000201',
  ],
  [
    'routes for Windows',
    249,
    { routes: [route('198.51.100.0/24', '192.0.2.2')] },
    '18c63364c0000202 00c0000201',
  ],
  [
    'routes: a gateway beyond the network gets one on the link first',
    121,
    { prefixLength: 32, router: ip('203.0.113.1') },
    '20cb00710100000000 00cb007101',
  ],
  [
    'routes: none default where the administrator gives one',
    121,
    { routes: [route('0.0.0.0/0', '192.0.2.9')] },
    '00c0000209',
  ],
  ['a raw option', 224, { rawOptions: [{ code: 224, value: Uint8Array.of(1, 2) }] }, '0102'],
  [
    'a raw option in place of our own',
    6,
    { rawOptions: [{ code: 6, value: Uint8Array.of(9, 9, 9, 9) }] },
    '09090909',
  ],
]

for (const [what, code, service, expected] of values) {
  t.test(`${what}: option ${code}`, async (t) => {
    const message = answerTo(service, [code])
    t.equal(message && optionHex(message, code), expected.replaceAll(' ', ''))
  })
}

/** What there is nothing to say of is not said, also when asked for. */
const nothings: readonly [number, ServiceChanges][] = [
  [3, { router: undefined }],
  [6, { nameservers: [] }],
  [12, { hostname: undefined }],
  [15, { domain: undefined }],
  [28, { prefixLength: 31 }],
  [42, { ntpServers: [] }],
  [58, { leaseSeconds: 0xffff_ffff }],
  [66, {}],
  [67, {}],
  [80, {}],
  [108, {}],
  [114, {}],
  [116, {}],
  [119, { searchList: [] }],
  [121, { router: undefined }],
  [150, {}],
  [252, {}],
]

for (const [code, service] of nothings) {
  t.test(`nothing to say: no option ${code}`, async (t) => {
    const message = answerTo(service, [code])
    t.notOk(message && optionCodes(message).includes(code))
  })
}

/** Options 55 of real clients, and the order of what they get (RFC 2132 §9.8, §3.3; RFC 3442). */
const orders: readonly [string, readonly number[], readonly number[]][] = [
  ['as asked', [6, 15, 12], [1, 6, 15, 12]],
  ['the mask before the router', [3, 1], [1, 3]],
  ['routes before the router', [1, 3, 6, 121, 249], [1, 121, 249, 3, 6]],
  ['each once', [6, 6, 6], [1, 6]],
  ['none that belong to the exchange', [0, 50, 52, 53, 54, 55, 57, 61, 82, 255, 6], [1, 6]],
]

for (const [what, asked, expected] of orders) {
  t.test(`order of parameters: ${what}`, async (t) => {
    const message = answerTo({}, asked)
    t.same(message && optionCodes(message), [...always, ...expected])
  })
}

t.test('a client that asks for nothing gets what is usual', async (t) => {
  const message = answerTo({}, [])
  t.same(message && optionCodes(message), [...always, 1, 121, 3, 6, 12, 15, 28, 26, 42, 119])
})

t.test('unasked: an MTU that is not 1500, and raw options', async (t) => {
  const raw = [{ code: 43, value: Uint8Array.of(1) }]
  const nic = compiledNic({ rawOptions: raw }, 1450)
  const message = answered(nic, frameOf(say([[55, [6]]])))?.message
  t.same(message && optionCodes(message), [...always, 1, 6, 26, 43])
})

t.test('the client identifier comes back, of whatever length (RFC 6842)', async (t) => {
  for (const id of [[0], [1, 2, 3], Array.from({ length: 255 }, (_, index) => index)]) {
    const sent = say([
      [61, id],
      [57, [5, 0xdc]],
    ])
    const message = answered(compiledNic(), frameOf(sent))?.message
    t.equal(message && optionHex(message, 61), Buffer.from(id).toString('hex'))
  }
})

t.test("the relay's information comes back as the last option (RFC 3046)", async (t) => {
  const sent = say([
    [82, [1, 2, 3, 4]],
    [55, [1, 3, 6]],
  ])
  const message = answered(compiledNic(), frameOf(sent))?.message
  t.equal(message && optionCodes(message).at(-1), 82)
  t.equal(message && optionHex(message, 82), '01020304')
})

/** Flags S=1, O=2, E=4, N=8 (RFC 4702 §2.1): what we say to what the client said. */
const fqdns: readonly [string, readonly number[], string][] = [
  ['wants us to update, ASCII', [1, 0, 0, ...ascii('x')], `0affff${hexOf('vm1.example.org')}`],
  [
    'wants us to update, canonical',
    [5, 0, 0, 1, ...ascii('x')],
    `0effff03${hexOf('vm1')}07${hexOf('example')}03${hexOf('org')}00`,
  ],
  ['updates itself', [4, 0, 0], `0cffff03${hexOf('vm1')}07${hexOf('example')}03${hexOf('org')}00`],
  ['wants no updates', [8, 0, 0], `08ffff${hexOf('vm1.example.org')}`],
]

for (const [what, sent, expected] of fqdns) {
  t.test(`option 81 for a client that ${what} (RFC 4702 §4)`, async (t) => {
    const message = answered(compiledNic(), frameOf(say([[81, sent]])))?.message
    t.equal(message && optionHex(message, 81), expected)
  })
}

t.test('option 81 only for clients that sent it, and NICs that have a name', async (t) => {
  t.notOk(optionCodes(answerTo({}, [81]) ?? none).includes(81))
  const nameless = answered(compiledNic({ hostname: undefined }), frameOf(say([[81, [0, 0, 0]]])))
  t.notOk(optionCodes(nameless?.message ?? none).includes(81))
})

const manyRoutes = Array.from({ length: 40 }, (_, index) =>
  route(`10.${index}.0.0/16`, '192.0.2.2'),
)

t.test('an answer has as many bytes as the client takes (option 57)', async (t) => {
  const full = { routes: manyRoutes, captivePortal: `https://${'p'.repeat(180)}` }
  const asked: Sent['options'] = [[55, [1, 121, 3, 6, 12, 15, 114]]]
  const small = answered(compiledNic(full), frameOf(say([...asked, [57, [2, 64]]])))
  t.ok((small?.frame.length ?? 0) <= 14 + 576)
  const large = answered(compiledNic(full), frameOf(say([...asked, [57, [5, 0xdc]]])))
  t.ok((large?.frame.length ?? 9999) <= 14 + 1500)
  t.equal(large && optionHex(large.message, 121)?.length, (40 * 7 + 5) * 2)
  t.equal(large && optionHex(large.message, 114)?.length, 188 * 2)
  const absurd = answered(compiledNic(full), frameOf(say([...asked, [57, [0, 1]]])))
  t.same(absurd && optionCodes(absurd.message), small && optionCodes(small.message))
  const endless = answered(compiledNic(full), frameOf(say([...asked, [57, [255, 255]]])))
  t.equal(endless?.frame.length, large?.frame.length)
})

t.test('what is too much for the options goes into file and sname (option 52)', async (t) => {
  const service = { captivePortal: `https://${'p'.repeat(200)}`, domain: 'd'.repeat(100) }
  const sent = say([[55, [114, 15, 6, 12]]])
  const answer = answered(compiledNic(service), frameOf(sent))
  t.same(answer && new Set(optionCodes(answer.message)), new Set([...always, 1, 114, 15, 6, 12]))
  t.equal(answer && textOf(answer.frame, 42 + 108 + 2, 3), 'ddd')
})

t.test('the answer to dhclient says all that it asks for', async (t) => {
  const answer = answered(compiledNic(), packetFixture('dhcpv4-discover-dhclient'))
  const message = answer?.message ?? none
  t.same(optionCodes(message), [...always, 1, 28, 121, 3, 15, 6, 119, 12, 26, 42])
})

const none: Dhcpv4Message = {
  ...{ op: 0, htype: 0, hlen: 0, hops: 0, xid: 0, secs: 0, flags: 0 },
  ...{ ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0, options: undefined },
  chaddr: new Uint8Array(16),
  sname: new Uint8Array(0),
  file: new Uint8Array(0),
}

function answerTo(service: ServiceChanges, asked: readonly number[]): Dhcpv4Message | undefined {
  const options: Sent['options'] = asked.length === 0 ? [] : [[55, asked]]
  return answered(compiledNic(service), frameOf(say(options)))?.message
}

function say(options: Sent['options'] = []): Sent {
  return { options: [[53, [1]], ...options] }
}

function route(destination: string, gateway: string): ClasslessRoute {
  const cidr = parseCidr4(destination)
  if (cidr === undefined) throw new Error(`${destination} is no network`)
  return { destination: cidr, gateway: ip(gateway) }
}

function hexOf(text: string): string {
  return Buffer.from(text).toString('hex')
}
