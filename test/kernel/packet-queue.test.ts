import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { PacketBatch } from '#kernel/packet-batch.js'
import { META, META_WORDS, NF_ACCEPT, NF_DROP, SLOT_BYTES } from '#kernel/packet-batch.js'
import type { PacketQueue, PacketQueueOptions } from '#kernel/packet-queue.js'
import { openPacketQueue } from '#kernel/packet-queue.js'
import type { QueueProblem } from '#kernel/queue-problem.js'
import { readQueueStats } from '#kernel/queue-stats.js'
import { ifindexOf, inOwnNetwork, run } from '../support/own-network.js'
import { until } from '../support/until.js'
import { makeGuest, sendFrom, solicitationFrame, udpFrame } from './guest.js'
import { openInbox } from './inbox.js'

inOwnNetwork(import.meta.url, () => {
  run('ip', 'link', 'set', 'lo', 'up')
  const guest = makeGuest(0)
  run('ip', 'address', 'add', '10.9.0.1/24', 'dev', guest.tap)
  const queued = ['-t', 'mangle', '-A', 'PREROUTING', '-i', guest.tap, '-j', 'NFQUEUE']
  run('iptables', ...queued, '--queue-num', '42')
  run('ip6tables', ...queued, '--queue-num', '42')

  t.test('tells of an IPv4 packet what the kernel knows', async (t) => {
    const { packets } = await take(t, { defaultVerdict: 'drop' }, [udpFrame({ payload: 'hello' })])
    t.match(packets, [
      {
        id: 1,
        family: 2,
        hook: 0,
        hwProtocol: 0x0800,
        indev: guest.tapIndex,
        outdev: 0,
        physindev: 0,
        length: 33,
        fullLength: 33,
        macHigh: 0xaa00,
        macLow: 0x00123456,
        macLength: 6,
        vlan: 0,
        l2Length: 0,
      },
    ])
    const frame = udpFrame({ payload: 'hello' })
    t.same(packets[0]?.payload, frame.subarray(14), 'the payload begins with the IP header')
  })

  t.test('the same queue takes IPv6', async (t) => {
    const { packets } = await take(t, { defaultVerdict: 'drop' }, [solicitationFrame()])
    t.match(packets, [{ family: 10, hwProtocol: 0x86dd, indev: guest.tapIndex, length: 48 }])
    t.same(packets[0]?.payload, solicitationFrame().subarray(14))
  })

  t.test('a mark and a cut payload are told', async (t) => {
    run('iptables', '-t', 'raw', '-A', 'PREROUTING', '-j', 'MARK', '--set-mark', '0x1234')
    t.teardown(() => run('iptables', '-t', 'raw', '-F'))
    const frame = udpFrame({ payload: 'x'.repeat(1000) })
    const options = { defaultVerdict: 'drop', copyRangeBytes: 100 } as const
    const { packets } = await take(t, options, [frame])
    t.match(packets, [{ mark: 0x1234, length: 100, fullLength: 1028 }])
    t.same(packets[0]?.payload, frame.subarray(14, 114))
  })

  t.test('of a bridged packet the port is told', async (t) => {
    const port = makeGuest(1)
    run('ip', 'link', 'add', 'br0', 'type', 'bridge')
    run('ip', 'link', 'set', 'br0', 'up')
    run('ip', 'link', 'set', port.tap, 'master', 'br0')
    writeFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', '1')
    const rule = ['-m', 'physdev', '--physdev-in', port.tap, '-p', 'udp', '-j', 'NFQUEUE']
    run('iptables', '-t', 'mangle', '-A', 'PREROUTING', ...rule, '--queue-num', '42')
    const { packets } = await take(t, { defaultVerdict: 'drop' }, [udpFrame({})], port)
    t.match(packets, [
      { family: 2, indev: ifindexOf('br0'), physindev: port.tapIndex, macLow: 0x00123456 },
    ])
    run('ip', 'link', 'del', 'br0')
    run('ip', 'link', 'del', port.tap)
  })

  const choices: readonly {
    readonly name: string
    readonly choose: (verdicts: Uint8Array, count: number) => void
    readonly accepted: (i: number) => boolean
    readonly defaultVerdict: 'accept' | 'drop'
  }[] = [
    {
      name: 'a verdict of its own each',
      choose: (verdicts, count) => {
        for (let i = 0; i < count; i++) verdicts[i] = i % 3 === 0 ? NF_ACCEPT : NF_DROP
      },
      accepted: (i) => i % 3 === 0,
      defaultVerdict: 'drop',
    },
    {
      name: 'the same verdict for all',
      choose: (verdicts) => verdicts.fill(NF_ACCEPT),
      accepted: () => true,
      defaultVerdict: 'drop',
    },
    {
      name: 'runs of verdicts',
      choose: (verdicts, count) => {
        for (let i = 0; i < count; i++) verdicts[i] = i > 9 && i < 50 ? NF_ACCEPT : NF_DROP
      },
      accepted: (i) => i > 9 && i < 50,
      defaultVerdict: 'accept',
    },
    {
      name: 'no verdict at all, which is the default',
      choose: () => {},
      accepted: () => true,
      defaultVerdict: 'accept',
    },
    {
      name: 'nonsense, which is the default',
      choose: (verdicts) => verdicts.set([2, 3, 4, 5, 255]),
      accepted: () => true,
      defaultVerdict: 'accept',
    },
  ]
  for (const { name, choose, accepted, defaultVerdict } of choices) {
    t.test(`each packet gets exactly one verdict: ${name}`, async (t) => {
      using inbox = await openInbox(67)
      const sent = Array.from({ length: 64 }, (_, i) => i)
      const onBatch = ({ verdicts }: PacketBatch, count: number) => choose(verdicts, count)
      // one batch: all of them wait before the loop runs again
      const { queue } = await take(t, { defaultVerdict, onBatch }, sent.map(numbered))
      await inbox.settled()
      t.same(inbox.payloads, sent.filter(accepted).map(String))
      t.match(queue.counters(), { received: 64, batches: 1, verdicts: 64, verdictErrors: 0 })
      t.equal(readQueueStats(42)?.waiting, 0)
    })
  }
})

/** @param n a payload that says which packet it was */
function numbered(n: number): Uint8Array {
  return udpFrame({ payload: String(n) })
}

interface Seen extends Record<keyof typeof META, number> {
  readonly payload: Uint8Array
}

/** Opens the queue, lets the guest send, and waits until each packet has its verdict. */
async function take(
  t: Test,
  options: Omit<PacketQueueOptions, 'queueNumber' | 'onProblem' | 'onBatch'> &
    Partial<Pick<PacketQueueOptions, 'onBatch'>>,
  frames: readonly Uint8Array[],
  from = { nic: 'nic0' } as Parameters<typeof sendFrom>[0],
): Promise<{ readonly queue: PacketQueue; readonly packets: readonly Seen[] }> {
  const packets: Seen[] = []
  const problems: QueueProblem[] = []
  const queue = openPacketQueue({
    ...options,
    queueNumber: 42,
    onProblem: (problem) => problems.push(problem),
    onBatch: (batch, count) => {
      for (let i = 0; i < count; i++) packets.push(readPacket(batch, i))
      options.onBatch?.(batch, count)
    },
  })
  t.teardown(() => queue.close())
  sendFrom(from, frames)
  await until('the verdicts', () => (queue.counters().verdicts >= frames.length ? true : undefined))
  t.same(problems, [])
  return { queue, packets }
}

function readPacket({ bytes, meta }: PacketBatch, i: number): Seen {
  const words = Object.entries(META).map(([name, at]) => [name, meta[i * META_WORDS + at]])
  const { length, ...rest } = Object.fromEntries(words) as Record<keyof typeof META, number>
  return { ...rest, length, payload: bytes.slice(i * SLOT_BYTES, i * SLOT_BYTES + length) }
}
