import t from 'tap'
import type { Dhcpv6Option } from '#wire/dhcpv6/option.js'
import { dhcpv6Type } from '#wire/dhcpv6/option-code.js'
import {
  address,
  ask,
  association,
  associations,
  clientId,
  codes,
  otherServer,
  ownAddress6 as own,
  prefix,
  sent,
  serverId,
  summary,
  told,
} from '../../support/dhcpv6.js'
import { dhcpv6Frame, type FrameWish, packetOf } from '../../support/frame6.js'
import {
  answer,
  changedDhcp6,
  type Dhcp6Changes,
  nicService,
  testRouter,
} from '../../support/nic6.js'
import { packetFixture } from '../../support/packet.js'

const ownAddress = `${own} 3600`
const ownPrefix = '2001:db8:f00::/56 3600'
const { solicit, request, confirm, renew, rebind, release, decline } = dhcpv6Type
const information = dhcpv6Type.informationRequest

t.test("dhclient's SOLICIT is answered by ADVERTISE with its address", async (t) => {
  const packet = packetOf(packetFixture('dhcpv6-solicit-dhclient'))
  const { outcome, reply } = answer(nicService(), packet)
  t.match(outcome, { kind: 'reply', what: 'dhcpv6-advertise', verdict: 'drop' })
  t.match(reply, {
    destinationMac: 'aa:00:00:12:34:56',
    sourceMac: 'fe:00:00:00:00:01',
    isChecksumValid: true,
    ip: { source: testRouter, destination: 'fe80::a800:ff:fe12:3456' },
    dhcp: { type: 2 },
  })
  const options = reply?.dhcp?.options ?? []
  t.strictSame(codes(options).slice(0, 4), [1, 2, 7, 3])
  t.match(options[2], { kind: 'number', value: 255 })
  t.match(options[3], { iaid: 0x00123456, renewSeconds: 900, rebindSeconds: 1440 })
  t.strictSame(summary(options), [ownAddress])
})

t.test('the answer goes from port 547 to port 546, whatever port the client has', async (t) => {
  const bytes = dhcpv6Frame({ type: 11, transactionId: 1, options: [] })
  bytes[55] = 99
  const { frame } = answer(nicService(), packetOf(bytes, false))
  t.strictSame([...frame.subarray(54, 58)], [2, 0x23, 2, 0x22])
})

t.test('networkd asks with rapid commit, for a prefix too, and gets both at once', async (t) => {
  const packet = packetOf(packetFixture('dhcpv6-solicit-networkd'))
  const { outcome, reply } = answer(nicService(), packet)
  t.match(outcome, { kind: 'reply', what: 'dhcpv6-reply' })
  const options = reply?.dhcp?.options ?? []
  t.strictSame(codes(options), [1, 2, 14, 3, 25, 23, 31, 56, 56, 82])
  t.strictSame(summary(options), [ownAddress, ownPrefix])
})

t.test('without rapid commit in the service it is an ADVERTISE (RFC 9915 §18.3.1)', async (t) => {
  const packet = packetOf(packetFixture('dhcpv6-solicit-networkd'))
  const nic = nicService({ dhcp6: changedDhcp6({ hasRapidCommit: false }) })
  t.match(answer(nic, packet).outcome, { what: 'dhcpv6-advertise' })
})

t.test('rapid commit with nothing to commit is an ADVERTISE', async (t) => {
  const nothing = { address: undefined, delegatedPrefix: undefined }
  const flag: Dhcpv6Option = { kind: 'flag', code: 14 }
  const { outcome } = sent(solicit, [clientId, flag, association(3, 1)], { change: nothing })
  t.match(outcome, { what: 'dhcpv6-advertise' })
})

const wishes: readonly {
  readonly what: string
  readonly type: number
  readonly asked: readonly Dhcpv6Option[]
  readonly change?: Dhcp6Changes
  readonly told: readonly string[]
}[] = [
  {
    what: 'SOLICIT for two addresses: the first association gets it',
    type: solicit,
    asked: [association(3, 1), association(3, 2), association(25, 1), association(25, 2)],
    told: [ownAddress, 'status 2', ownPrefix, 'status 6'],
  },
  {
    what: 'SOLICIT where there is nothing (RFC 9915 §18.3.9)',
    type: solicit,
    asked: [association(3, 1), association(25, 1)],
    change: { address: undefined, delegatedPrefix: undefined },
    told: ['status 2', 'status 6'],
  },
  {
    what: 'SOLICIT for a temporary address (RFC 8415 §21.5)',
    type: solicit,
    asked: [{ kind: 'temporary-association', code: 4, iaid: 7, options: [] }],
    told: ['status 2'],
  },
  {
    what: 'REQUEST of its own address',
    type: request,
    asked: [association(3, 1, address(own))],
    told: [ownAddress],
  },
  {
    what: 'REQUEST of another address of the network: it gets its own',
    type: request,
    asked: [association(3, 1, address('2001:db8:1::99'))],
    told: [ownAddress],
  },
  {
    what: 'REQUEST of an address of another network (RFC 9915 §18.3.2)',
    type: request,
    asked: [association(3, 1, address('2001:db8:2::99'))],
    told: ['status 4'],
  },
  {
    what: 'RENEW of its own address and prefix',
    type: renew,
    asked: [association(3, 1, address(own)), association(25, 1, prefix('2001:db8:f00::/56'))],
    told: [ownAddress, ownPrefix],
  },
  {
    what: 'RENEW of an address that is no longer its own (RFC 9915 §18.3.4)',
    type: renew,
    asked: [association(3, 1, address('2001:db8:1::99'), address(own))],
    told: [`${ownAddress}, 2001:db8:1::99 0`],
  },
  {
    what: 'RENEW of a prefix of another length',
    type: renew,
    asked: [association(25, 1, prefix('2001:db8:f00::/60'))],
    told: [`${ownPrefix}, 2001:db8:f00::/60 0`],
  },
  {
    what: 'REBIND where there is nothing any more (RFC 9915 §18.3.5)',
    type: rebind,
    asked: [association(3, 1, address(own)), association(25, 1)],
    change: { address: undefined, delegatedPrefix: undefined },
    told: [`${own} 0`, 'status 6'],
  },
  {
    what: 'RELEASE: what was its own is gone in silence (RFC 9915 §18.3.7)',
    type: release,
    asked: [association(3, 1, address(own)), association(3, 2, address('2001:db8:1::99'))],
    told: ['status 3'],
  },
  {
    what: 'DECLINE (RFC 9915 §18.3.8)',
    type: decline,
    asked: [association(3, 1, address(own))],
    told: [],
  },
]
for (const { what, type, asked, change, told: expected } of wishes) {
  t.test(what, async (t) => {
    const ids = type === solicit || type === rebind ? [clientId] : [clientId, serverId]
    const options = told(type, [...ids, ...asked], change)
    t.strictSame(summary(options), expected)
    t.strictSame(
      associations(options).map((it) => 'iaid' in it && it.iaid),
      type === release ? [2] : type === decline ? [] : asked.map((it) => 'iaid' in it && it.iaid),
    )
  })
}

t.test('a DECLINE is counted by itself, for somebody else has the address', async (t) => {
  const held = [clientId, serverId, association(3, 1, address(own))]
  t.match(sent(decline, held).outcome, { kind: 'reply', what: 'dhcpv6-decline-reply' })
  t.match(sent(release, held).outcome, { kind: 'reply', what: 'dhcpv6-reply' })
})

t.test('RELEASE and DECLINE are confirmed, without configuration', async (t) => {
  for (const type of [release, decline]) {
    const options = told(type, [clientId, serverId, association(3, 1, address(own)), ask(23)])
    t.strictSame(codes(options), [1, 2, 13])
    t.match(options[2], { kind: 'status', status: 0 })
  }
})

const confirmed: readonly {
  readonly what: string
  readonly held: readonly string[]
  readonly change?: Dhcp6Changes
  readonly status: number
}[] = [
  { what: 'its own address', held: [own], status: 0 },
  { what: 'an address of another network', held: ['2001:db8:2::1'], status: 4 },
  { what: "a neighbour's address", held: ['2001:db8:1::99'], status: 4 },
  { what: 'its own and another', held: [own, '2001:db8:2::1'], status: 4 },
  {
    what: 'an address where there is none',
    held: [own],
    change: { address: undefined },
    status: 4,
  },
]
for (const { what, held, change, status } of confirmed) {
  t.test(`CONFIRM of ${what}: status ${status} (RFC 9915 §18.3.3)`, async (t) => {
    const options = told(confirm, [clientId, association(3, 1, ...held.map(address))], change)
    t.strictSame(codes(options), [1, 2, 13])
    t.match(options[2], { status })
  })
}

const refused: readonly {
  readonly what: string
  readonly type: number
  readonly options: readonly Dhcpv6Option[]
  readonly wish?: FrameWish
  readonly outcome: { readonly kind: 'drop' | 'pass'; readonly reason: string }
}[] = [
  ...[solicit, request, confirm, renew, rebind, release, decline].map((type) => ({
    what: `message ${type} without client identifier (RFC 9915 §16)`,
    type,
    options: [serverId],
    outcome: { kind: 'drop', reason: 'no-client-id' } as const,
  })),
  ...[solicit, confirm, rebind].map((type) => ({
    what: `message ${type} with a server identifier (RFC 9915 §16)`,
    type,
    options: [clientId, serverId],
    outcome: { kind: 'drop', reason: 'malformed-dhcp' } as const,
  })),
  ...[request, renew, release, decline].map((type) => ({
    what: `message ${type} without server identifier (RFC 9915 §16)`,
    type,
    options: [clientId],
    outcome: { kind: 'drop', reason: 'malformed-dhcp' } as const,
  })),
  ...[request, renew, release, decline, information].map((type) => ({
    what: `message ${type} for another server (RFC 9915 §16)`,
    type,
    options: [clientId, otherServer],
    outcome: { kind: 'drop', reason: 'other-server' } as const,
  })),
  ...[2, 7, 10].map((type) => ({
    what: `message ${type}, which only servers send`,
    type,
    options: [clientId, serverId],
    outcome: { kind: 'drop', reason: 'not-a-request' } as const,
  })),
  {
    what: 'a message of a type that we do not know',
    type: 36,
    options: [clientId],
    outcome: { kind: 'drop', reason: 'unknown-message' },
  },
  {
    what: 'INFORMATION-REQUEST with an association (RFC 9915 §16.12)',
    type: information,
    options: [clientId, association(3, 1)],
    outcome: { kind: 'drop', reason: 'malformed-dhcp' },
  },
  {
    what: 'CONFIRM of nothing (RFC 9915 §18.3.3)',
    type: confirm,
    options: [clientId, association(3, 1)],
    outcome: { kind: 'drop', reason: 'no-address' },
  },
  {
    what: 'an identifier of 131 bytes (RFC 9915 §11.1)',
    type: solicit,
    options: [{ kind: 'bytes', code: 1, value: new Uint8Array(131) }],
    outcome: { kind: 'drop', reason: 'malformed-dhcp' },
  },
  {
    what: 'a global source address (RFC 9915 §18.2)',
    type: solicit,
    options: [clientId],
    wish: { source: own },
    outcome: { kind: 'drop', reason: 'wrong-source-address' },
  },
  {
    what: "the server's own address for source",
    type: solicit,
    options: [clientId],
    wish: { source: testRouter },
    outcome: { kind: 'drop', reason: 'wrong-source-address' },
  },
  {
    what: 'a message to us alone, which RFC 9915 no longer knows',
    type: renew,
    options: [clientId, serverId],
    wish: { destination: testRouter },
    outcome: { kind: 'drop', reason: 'not-a-request' },
  },
  {
    what: 'a message to some other server',
    type: renew,
    options: [clientId, serverId],
    wish: { destination: '2001:db8:5::547', source: own },
    outcome: { kind: 'pass', reason: 'not-ours' },
  },
]
for (const { what, type, options, wish = {}, outcome } of refused) {
  t.test(`${what}: no answer`, async (t) => {
    t.strictSame(sent(type, options, { wish }).outcome, outcome)
  })
}

t.test('a relayed message gets no answer, for there is no relay behind a tap', async (t) => {
  // type, hop count, link and peer address, and a whole SOLICIT within
  const bytes = dhcpv6Frame({ type: 1, transactionId: 0, options: [clientId] })
  bytes[62] = 12
  t.match(answer(nicService(), packetOf(bytes, false)).outcome, { reason: 'not-a-request' })
})

t.test('a datagram without checksum, with a wrong one, or cut off', async (t) => {
  const wrong = (at: number, ...values: readonly number[]) => {
    const bytes = packetFixture('dhcpv6-solicit-dhclient')
    bytes.set(values, at)
    return answer(nicService(), packetOf(bytes)).outcome
  }
  t.match(wrong(60, 0, 0), { reason: 'bad-checksum' }, 'RFC 8200 §8.1')
  t.match(wrong(61, 0), { reason: 'bad-checksum' })
  t.match(wrong(58, 9, 9), { reason: 'malformed-udp' })
  t.match(wrong(58, 0, 7), { reason: 'malformed-udp' })
})

t.test('without DHCPv6 the message passes, whatever it is', async (t) => {
  const bytes = packetFixture('dhcpv6-solicit-dhclient')
  bytes[60] = 0
  const { outcome } = answer(nicService({ dhcp6: undefined }), packetOf(bytes))
  t.strictSame(outcome, { kind: 'pass', reason: 'not-served' })
})
