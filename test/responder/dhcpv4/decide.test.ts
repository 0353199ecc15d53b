import t from 'tap'
import type { Outcome } from '#responder/outcome.js'
import {
  answered,
  compiledNic,
  frameOf,
  ip,
  number,
  optionHex,
  outcomeOf,
  quad,
  type Sent,
} from '../../support/nic4.js'
import { packetFixture, packetNames } from '../../support/packet.js'

const own = '192.0.2.10'
const other = '192.0.2.77'

/** What each golden of a client gets from a NIC whose address is the one it asks for. */
const goldens: readonly [string, string][] = [
  ['discover-udhcpc', 'offer'],
  ['discover-dhclient', 'offer'],
  ['discover-dhcpcd', 'offer'],
  ['discover-networkd', 'offer'],
  ['discover-windows', 'offer'],
  ['discover-macos', 'offer'],
  ['discover-freebsd', 'offer'],
  ['discover-openbsd', 'offer'],
  ['discover-ipxe', 'offer'],
  ['discover-uefi-pxe', 'offer'],
  ['discover-uefi-http', 'offer'],
  ['discover-rapid-commit', 'offer'],
  ['request-selecting-udhcpc', 'ack'],
  ['request-selecting-dhclient', 'ack'],
  ['request-selecting-dhcpcd', 'ack'],
  ['request-selecting-networkd', 'ack'],
  ['request-selecting-windows', 'ack'],
  ['request-selecting-uefi-pxe', 'ack'],
  ['request-init-reboot-dhclient', 'ack'],
  ['request-renewing-udhcpc', 'ack'],
  ['request-rebinding', 'ack'],
  ['request-stale-dhclient', 'nak'],
  ['request-rebinding-stale', 'nak'],
  ['inform-dhcpcd', 'inform-ack'],
  ['inform-windows', 'inform-ack'],
  ['decline-udhcpc', 'decline'],
  ['release-dhclient', 'release'],
  ['release-networkd', 'release'],
  ['bootp-request', 'bootp-reply'],
  ['bootp-request-plain', 'bootp-reply'],
]

/** Sent through a UDP socket and caught before hardware would have filled in the checksum. */
const unfinished = ['request-renewing-udhcpc', 'release-dhclient', 'release-networkd']

for (const [name, expected] of goldens) {
  t.test(`${name} gets: ${expected}`, async (t) => {
    const isChecksumReady = !unfinished.includes(name)
    const frame = packetFixture(`dhcpv4-${name}`)
    t.equal(resultOf(outcomeOf(compiledNic(), frame, isChecksumReady)), expected)
  })
}

for (const name of unfinished) {
  t.test(`${name} is refused where its checksum should be there`, async (t) => {
    t.equal(resultOf(outcomeOf(compiledNic(), packetFixture(`dhcpv4-${name}`))), 'bad-checksum')
  })
}

t.test('answers of other servers are not for us, wherever they are sent', async (t) => {
  const names = packetNames('dhcpv4-').filter((name) => /-(dnsmasq|dhcpd|kea)$/.test(name))
  t.ok(names.length >= 7)
  for (const name of names) {
    t.equal(resultOf(outcomeOf(compiledNic(), packetFixture(name))), 'not-ours', name)
  }
})

/** Each message that RFC 2131 §4.3 knows, in each state, with each fault. */
const cases: readonly { name: string; sent: Sent; expected: string }[] = [
  { name: 'DISCOVER', sent: say(1), expected: 'offer' },
  {
    name: 'DISCOVER that wishes for another address gets its own (§4.3.1)',
    sent: say(1, [[50, quad(other)]]),
    expected: 'offer',
  },
  {
    name: 'DISCOVER with somebody else’s client identifier',
    sent: say(1, [[61, [1, 0xaa, 0, 0, 0, 0, 2]]]),
    expected: 'offer',
  },
  {
    name: 'SELECTING us, with our address (§4.3.2)',
    sent: say(3, [
      [54, quad('192.0.2.1')],
      [50, quad(own)],
    ]),
    expected: 'ack',
  },
  {
    name: 'SELECTING us, with another address (§4.3.2)',
    sent: say(3, [
      [54, quad('192.0.2.1')],
      [50, quad(other)],
    ]),
    expected: 'nak',
  },
  {
    name: 'SELECTING another server (§4.3.2)',
    sent: say(3, [
      [54, quad('192.0.2.2')],
      [50, quad(own)],
    ]),
    expected: 'other-server',
  },
  { name: 'INIT-REBOOT (§4.3.2)', sent: say(3, [[50, quad(own)]]), expected: 'ack' },
  {
    name: 'INIT-REBOOT with a stale address: we know it is not this one (§4.3.2)',
    sent: say(3, [[50, quad(other)]]),
    expected: 'nak',
  },
  {
    name: 'RENEWING by unicast to us (§4.3.2)',
    sent: { ...bound(own), destination: '192.0.2.1' },
    expected: 'ack',
  },
  {
    name: 'RENEWING with the server that it had before us',
    sent: { ...bound(own), destination: '198.51.100.1' },
    expected: 'ack',
  },
  {
    name: 'RENEWING another address with another server',
    sent: { ...bound(other), destination: '198.51.100.1' },
    expected: 'not-ours',
  },
  {
    name: 'RENEWING a stale address with us (§4.3.2)',
    sent: { ...bound(other), destination: '192.0.2.1' },
    expected: 'nak',
  },
  { name: 'REBINDING (§4.3.2)', sent: bound(own), expected: 'ack' },
  { name: 'REBINDING a stale address (§4.3.2)', sent: bound(other), expected: 'nak' },
  {
    name: 'REBINDING to the broadcast address of the network',
    sent: { ...bound(own), destination: '192.0.2.255' },
    expected: 'ack',
  },
  {
    name: 'REQUEST whose ciaddr is ours and whose option 50 is not',
    sent: {
      ...bound(own),
      options: [
        [53, [3]],
        [50, quad(other)],
      ],
    },
    expected: 'nak',
  },
  { name: 'REQUEST that names no address', sent: say(3), expected: 'no-address' },
  {
    name: 'INFORM (§4.3.5)',
    sent: { ...bound(own), options: [[53, [8]]] },
    expected: 'inform-ack',
  },
  { name: 'INFORM without ciaddr', sent: { ...say(8), source: own }, expected: 'inform-ack' },
  {
    name: 'INFORM of somebody else',
    sent: { ...bound(other), options: [[53, [8]]] },
    expected: 'wrong-source-address',
  },
  { name: 'DECLINE (§4.3.3)', sent: say(4, [[50, quad(own)]]), expected: 'decline' },
  {
    name: 'RELEASE (§4.3.4)',
    sent: { ...bound(own), options: [[53, [7]]], destination: '192.0.2.1' },
    expected: 'release',
  },
  { name: 'OFFER', sent: say(2), expected: 'unknown-message' },
  { name: 'LEASEQUERY (RFC 4388)', sent: say(10), expected: 'unknown-message' },
  {
    name: 'a reply',
    sent: { ...say(5), message: { op: 2 } },
    expected: 'not-a-request',
  },
  {
    name: 'a source that is somebody else’s',
    sent: { ...say(1), source: other },
    expected: 'wrong-source-address',
  },
  {
    name: 'a link-local source, as Windows without a lease has',
    sent: { ...say(1), source: '169.254.3.4' },
    expected: 'offer',
  },
  {
    name: 'somebody else’s hardware address',
    sent: {
      ...say(1),
      message: { chaddr: Uint8Array.of(0xaa, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
    },
    expected: 'foreign-chaddr',
  },
  {
    name: 'another hardware type',
    sent: { ...say(1), message: { htype: 6 } },
    expected: 'foreign-chaddr',
  },
  { name: 'another port', sent: { ...say(1), destinationPort: 4011 }, expected: 'not-ours' },
  {
    name: 'a unicast to nobody we know',
    sent: { ...say(1), destination: '198.51.100.1' },
    expected: 'not-ours',
  },
  {
    name: 'the answer of a guest that is a DHCP server itself, to a relay beyond the host',
    sent: { ...say(2), message: { op: 2 }, source: own, destination: '198.51.100.1' },
    expected: 'not-ours',
  },
]

for (const { name, sent, expected } of cases) {
  t.test(`${name}: ${expected}`, async (t) => {
    t.equal(resultOf(outcomeOf(compiledNic(), frameOf(sent))), expected)
  })
}

t.test('a NIC without DHCP: its packets pass', async (t) => {
  const { answerIpv4 } = await import('#responder/dhcpv4/answer.js')
  const bytes = frameOf(say(1))
  const packet = { bytes, at: 14, length: bytes.length - 14, sourceMac: 0, isChecksumReady: true }
  const slot = { bytes: new Uint8Array(1514), at: 0, size: 1514 }
  t.same(answerIpv4(undefined, packet, slot), { kind: 'pass', reason: 'not-served' })
})

t.test('rapid commit: an ACK at once, where both want it (RFC 4039)', async (t) => {
  const frame = packetFixture('dhcpv4-discover-rapid-commit')
  const answer = answered(compiledNic({ hasRapidCommit: true }), frame)
  t.match(answer?.outcome, { kind: 'reply', what: 'ack' })
  t.equal(answer && optionHex(answer.message, 80), '')
  t.equal(answer && optionHex(answer.message, 53), '05')
  const plain = outcomeOf(compiledNic({ hasRapidCommit: true }), frameOf(say(1)))
  t.match(plain, { what: 'offer' })
})

t.test('IPv6-only: no address for whoever asks for option 108 (RFC 8925 §3.3)', async (t) => {
  const nic = compiledNic({ v6OnlyWaitSeconds: 1800, hasRapidCommit: true })
  const wishes: Sent = say(1, [
    [80, []],
    [55, [1, 3, 108]],
  ])
  const answer = answered(nic, frameOf(wishes))
  t.match(answer?.outcome, { what: 'offer' })
  t.equal(answer?.message.yiaddr, 0)
  t.equal(answer && optionHex(answer.message, 108), '00000708')
  const usual = answered(nic, frameOf(say(1, [[55, [1, 3]]])))
  t.equal(usual?.message.yiaddr, number(own))
  t.equal(usual && optionHex(usual.message, 108), undefined)
  const off = answered(compiledNic(), frameOf(wishes))
  t.equal(off?.message.yiaddr, number(own))
})

t.test('a server whose identifier is not its router answers to its own', async (t) => {
  const nic = compiledNic({ serverId: ip('198.51.100.53') })
  const toUs = say(3, [
    [54, quad('198.51.100.53')],
    [50, quad(own)],
  ])
  t.equal(resultOf(outcomeOf(nic, frameOf(toUs))), 'ack')
  const toRouter = say(3, [
    [54, quad('192.0.2.1')],
    [50, quad(own)],
  ])
  t.equal(resultOf(outcomeOf(nic, frameOf(toRouter))), 'other-server')
})

function say(type: number, options: Sent['options'] = []): Sent {
  return { options: [[53, [type]], ...options] }
}

/** REQUEST of a client that has an address and writes it into ciaddr and as its source. */
function bound(address: string): Sent {
  return { ...say(3), message: { ciaddr: number(address) }, source: address }
}

function resultOf(outcome: Outcome): string {
  return outcome.kind === 'reply' ? outcome.what : outcome.reason
}
