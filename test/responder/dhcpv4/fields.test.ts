import t from 'tap'
import {
  answered,
  compiledNic,
  frameOf,
  hostMac,
  nicMac,
  number,
  optionCodes,
  optionHex,
  quad,
  type Sent,
} from '../../support/nic4.js'
import { packetFixture } from '../../support/packet.js'

const own = number('192.0.2.10')
const server = number('192.0.2.1')
const all = 0xffff_ffff
const broadcastMac = 0xffff_ffff_ffff

/** RFC 2131 §4.1, in its order: where an answer goes. */
const addressing: readonly {
  name: string
  sent: Sent
  mac: number
  to: number
  port?: number
  flags?: number
}[] = [
  { name: 'OFFER by unicast to the new address', sent: say(1), mac: nicMac, to: own },
  {
    name: 'OFFER by broadcast where the client wants that',
    sent: { ...say(1), message: { flags: 0x8000 } },
    mac: broadcastMac,
    to: all,
    flags: 0x8000,
  },
  {
    name: 'the reserved bits of the flags do not come back (§2)',
    sent: { ...say(1), message: { flags: 0x7fff } },
    mac: nicMac,
    to: own,
  },
  {
    name: 'OFFER to the relay, port 67',
    sent: { ...say(1), message: { giaddr: number('198.51.100.9'), flags: 0x8000 } },
    mac: nicMac,
    to: number('198.51.100.9'),
    port: 67,
    flags: 0x8000,
  },
  {
    name: 'ACK to ciaddr, broadcast flag or not',
    sent: { ...renew(), message: { ciaddr: own, flags: 0x8000 } },
    mac: nicMac,
    to: own,
    flags: 0x8000,
  },
  {
    name: 'NAK by broadcast, always (§4.3.2)',
    sent: { ...say(3, [[50, quad('192.0.2.77')]]) },
    mac: broadcastMac,
    to: all,
  },
  {
    name: 'NAK to the relay with the broadcast bit set (§4.3.2)',
    sent: { ...say(3, [[50, quad('192.0.2.77')]]), message: { giaddr: number('198.51.100.9') } },
    mac: nicMac,
    to: number('198.51.100.9'),
    port: 67,
    flags: 0x8000,
  },
  {
    name: 'ACK to INFORM by unicast to ciaddr (§4.3.5)',
    sent: { ...say(8), message: { ciaddr: own, flags: 0x8000 }, source: '192.0.2.10' },
    mac: nicMac,
    to: own,
    flags: 0x8000,
  },
]

for (const { name, sent, mac, to, port = 68, flags = 0 } of addressing) {
  t.test(name, async (t) => {
    const answer = answered(compiledNic(), frameOf(sent))
    t.match(answer, {
      ethernet: { destination: mac, source: hostMac, type: 0x800, tags: [] },
      ip: { source: server, destination: to, timeToLive: 64, isDontFragment: true },
      ports: [67, port],
      message: { flags },
    })
  })
}

/** RFC 2131 §4.3.1, table 3: the fields of each answer, to a request that had something in all of them. */
const fields: readonly [string, Sent, object][] = [
  ['OFFER', say(1), { ciaddr: 0, yiaddr: own }],
  ['ACK', renew(), { ciaddr: own, yiaddr: own }],
  ['ACK to INFORM', { ...renew(), options: [[53, [8]]] }, { ciaddr: own, yiaddr: 0 }],
  ['NAK', say(3, [[50, quad('192.0.2.77')]]), { ciaddr: 0, yiaddr: 0 }],
]

for (const [name, sent, expected] of fields) {
  t.test(`fields of ${name} (RFC 2131 table 3)`, async (t) => {
    const frame = frameOf({
      ...sent,
      message: {
        ...sent.message,
        hops: 3,
        secs: 777,
        xid: 0xfedc_ba98,
        siaddr: number('198.51.100.3'),
        sname: Uint8Array.of(0x61),
        file: Uint8Array.of(0x62),
      },
    })
    const message = answered(compiledNic(), frame)?.message
    t.match(message, {
      ...{ op: 2, htype: 1, hlen: 6, hops: 0, xid: 0xfedc_ba98, secs: 0, flags: 0 },
      ...{ siaddr: 0, giaddr: 0, ...expected },
    })
    t.equal(message?.sname.length, 0)
    t.equal(message?.file.length, 0)
    t.equal(Buffer.from(message?.chaddr ?? []).toString('hex'), 'aa000000000100000000000000000000')
  })
}

t.test('a NAK says its type, its server and why, and nothing of the lease', async (t) => {
  const sent = say(3, [
    [50, quad('192.0.2.77')],
    [61, [1, 2, 3]],
    [55, [1, 3, 6, 51]],
    [82, [1, 1, 7]],
  ])
  const message = answered(compiledNic(), frameOf(sent))?.message
  t.same(message && optionCodes(message), [53, 54, 56, 61, 82])
  t.equal(message && optionHex(message, 53), '06')
})

t.test('an ACK to INFORM has no lease times (RFC 2131 §4.3.5)', async (t) => {
  const message = answered(compiledNic(), packetFixture('dhcpv4-inform-dhcpcd'))?.message
  const codes = message ? optionCodes(message) : []
  t.ok(codes.includes(6))
  for (const code of [51, 58, 59]) t.notOk(codes.includes(code), `option ${code}`)
})

t.test('BOOTP: 300 bytes, no message type, no lease (RFC 1534 §2)', async (t) => {
  const answer = answered(compiledNic(), packetFixture('dhcpv4-bootp-request'))
  t.equal(answer?.frame.length, 342)
  t.same(answer && optionCodes(answer.message), [1, 3, 6, 12, 15, 28, 26, 42])
  t.equal(answer?.message.yiaddr, own)
})

t.test('no answer is shorter than old clients want (RFC 1542 §2.1)', async (t) => {
  const answer = answered(compiledNic(), frameOf(say(3, [[50, quad('192.0.2.77')]])))
  t.equal(answer?.frame.length, 14 + 20 + 8 + 300)
})

function say(type: number, options: Sent['options'] = []): Sent {
  return { options: [[53, [type]], ...options] }
}

function renew(): Sent {
  return { ...say(3), message: { ciaddr: own }, source: '192.0.2.10', destination: '192.0.2.1' }
}
