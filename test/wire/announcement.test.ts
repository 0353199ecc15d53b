import assert from 'node:assert/strict'
import t from 'tap'
import { parseIpv4 } from '#addr/ipv4.js'
import { parseIpv6 } from '#addr/ipv6.js'
import { parseMac } from '#addr/mac.js'
import { arpAnnouncement, arpQuestion, neighbourAnnouncement } from '#wire/announcement.js'
import { hexText, packetFixture } from '../support/packet.js'

const mac = parseMac('aa:00:00:9c:43:2a') ?? assert.fail()
const ip = parseIpv4('192.0.2.10') ?? assert.fail()
const ip6 = parseIpv6('2001:db8:1::10') ?? assert.fail()
const tag = { protocol: 0x8100, priority: 0, isDropEligible: false, id: 100 } as const

t.test('an IPv4 address is announced as Linux does it (RFC 5227 §2.3)', async (t) => {
  t.equal(
    hexText(arpAnnouncement({ address: ip, mac })),
    hexText(packetFixture('arp-announcement-kernel')),
  )
})

t.test('an IPv6 address is announced as Linux does it (RFC 4861 §7.2.6)', async (t) => {
  t.equal(
    hexText(neighbourAnnouncement({ address: ip6, mac })),
    hexText(packetFixture('ndp-na-unsolicited-kernel')),
  )
})

t.test('with a tag the same follows after it', async (t) => {
  for (const [plain, tagged] of [
    [arpAnnouncement({ address: ip, mac }), arpAnnouncement({ address: ip, mac, tag })],
    [
      neighbourAnnouncement({ address: ip6, mac }),
      neighbourAnnouncement({ address: ip6, mac, tag }),
    ],
  ] as const) {
    t.equal(hexText(tagged.subarray(0, 12)), hexText(plain.subarray(0, 12)))
    t.equal(hexText(tagged.subarray(12, 16)), '81000064')
    t.equal(hexText(tagged.subarray(16)), hexText(plain.subarray(12)))
  }
})

t.test(
  'a question goes to one station and is no probe: it has a sender (RFC 5227 §2.1.1)',
  async (t) => {
    const askingMac = parseMac('cc:47:52:4e:45:54') ?? assert.fail()
    const askingIp = parseIpv4('192.0.2.1') ?? assert.fail()
    t.equal(
      hexText(arpQuestion({ askingMac, askingIp, mac, ip })),
      'aa00009c432acc47524e455408060001080006040001cc47524e4554c0000201000000000000c000020a',
    )
  },
)
