/**
 * What the addon tells of packets that nft's bridge family queues, on Debian's own kernel: runs inside `lab rk`
 * (test/lab/packets.test.ts starts it). Prints one line for each claim, `ok …` or `not ok …`, and ends with the count of the latter.
 */
import {
  L2_OFFSET,
  META,
  META_WORDS,
  NF_ACCEPT,
  NF_DROP,
  SLOT_BYTES,
} from '#kernel/packet-batch.js'
import { openPacketQueue } from '#kernel/packet-queue.js'
import { readQueueStats } from '#kernel/queue-stats.js'
import { makeGuest, sendFrom, solicitationFrame, udpFrame } from '../../kernel/guest.js'
import { ifindexOf, run } from '../../support/own-network.js'
import { until } from '../../support/until.js'
import { createClaims } from './claims.js'

const { claim, failureCount } = createClaims()

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const [guest, uplink] = [makeGuest(0), makeGuest(1)]
run('ip', 'link', 'add', 'br0', 'type', 'bridge')
run('ip', 'link', 'set', 'br0', 'up')
for (const { tap } of [guest, uplink]) run('ip', 'link', 'set', tap, 'master', 'br0')
const chain = 'type filter hook prerouting priority -300;'
run('nft', `add table bridge t; add chain bridge t pre { ${chain} }`)
run('nft', `add rule bridge t pre iifname ${guest.tap} queue flags bypass to 42`)
run('nft', 'add chain bridge t post { type filter hook postrouting priority 0; }')
run('nft', `add rule bridge t post oifname ${uplink.tap} ether saddr aa:00:00:12:34:56 counter`)
const passed = () =>
  Number(/packets (\d+)/.exec(run('nft', 'list', 'chain', 'bridge', 't', 'post'))?.[1])

const seen: { meta: Record<string, number>; payload: string; l2: string }[] = []
const queue = openPacketQueue({
  queueNumber: 42,
  defaultVerdict: 'drop',
  onProblem: ({ message }) => claim('no problem', message, ''),
  onBatch: ({ bytes, meta, verdicts }, count) => {
    for (let i = 0; i < count; i++) {
      const word = (at: number) => meta[i * META_WORDS + at] ?? 0
      const cut = (from: number, length: number) =>
        hex(bytes.slice(i * SLOT_BYTES + from, i * SLOT_BYTES + from + length))
      seen.push({
        meta: Object.fromEntries(Object.entries(META).map(([name, at]) => [name, word(at)])),
        payload: cut(0, word(META.length)),
        l2: cut(L2_OFFSET, word(META.l2Length)),
      })
      verdicts[i] = seen.length % 2 === 1 ? NF_ACCEPT : NF_DROP
    }
  },
})

async function take(frame: Uint8Array): Promise<(typeof seen)[number]> {
  const before = queue.counters().verdicts
  sendFrom(guest, [frame])
  await until('a verdict', () => queue.counters().verdicts > before || undefined)
  const last = seen.at(-1)
  if (last === undefined) throw new Error('nothing was seen')
  return last
}

function claimPacket(
  what: string,
  frame: Uint8Array,
  got: (typeof seen)[number],
  hwProtocol: number,
): void {
  const { family, hook, indev, physindev, macHigh, macLow, macLength } = got.meta
  claim(`${what}: family, hook`, [family, hook], [7, 0])
  claim(`${what}: bridge and port`, [indev, physindev], [ifindexOf('br0'), guest.tapIndex])
  claim(`${what}: Ethernet source`, [macHigh, macLow, macLength], [0xaa00, 0x00123456, 6])
  claim(`${what}: EtherType`, got.meta['hwProtocol'], hwProtocol)
  claim(`${what}: Ethernet header`, got.l2.slice(0, 24), hex(frame.subarray(0, 12)))
}

const dhcp = udpFrame({ payload: 'hello' })
const first = await take(dhcp)
claimPacket('IPv4', dhcp, first, 0x0800)
claim('IPv4: no VLAN, whole header', [first.meta['vlan'], first.l2], [0, hex(dhcp.subarray(0, 14))])
claim('IPv4: payload from the IP header on', first.payload, hex(dhcp.subarray(14)))
claim('accepted, it goes on to the uplink', passed(), 1)

const rs = solicitationFrame()
const second = await take(rs)
claimPacket('IPv6', rs, second, 0x86dd)
claim('IPv6: payload from the IP header on', second.payload, hex(rs.subarray(14)))
claim('dropped, it does not', passed(), 1)

const tag = Buffer.from([0x81, 0x00, 0x60, 0x05]) // priority 3, VLAN 5
const tagged = Buffer.concat([dhcp.subarray(0, 12), tag, dhcp.subarray(12)])
const third = await take(tagged)
claimPacket('VLAN', tagged, third, 0x0800)
claim('VLAN: tag', third.meta['vlan'], 0x16005)
claim('VLAN: payload from the IP header on', third.payload, hex(dhcp.subarray(14)))

const burst = Array.from({ length: 200 }, () => dhcp)
const passedBefore = passed()
sendFrom(guest, burst)
await until('all verdicts', () => queue.counters().verdicts === 203 || undefined)
claim('every other one of 200 passes', passed() - passedBefore, 100)
claim('none waits', readQueueStats(42)?.waiting, 0)
queue.close()
process.exitCode = Math.min(failureCount(), 100)
