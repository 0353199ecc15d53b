import t from 'tap'
import { openFrames } from '#kernel/frames.js'
import type { NativeQueue, NativeQueueOptions } from '#kernel/native.js'
import { loadAddon } from '#kernel/native.js'
import { openPacketQueue } from '#kernel/packet-queue.js'
import type { QueueProblem } from '#kernel/queue-problem.js'
import { readQueueStats } from '#kernel/queue-stats.js'
import { inOwnNetwork, run } from '../support/own-network.js'
import { until } from '../support/until.js'
import { makeGuest, sendFrom, udpFrame } from './guest.js'
import { openInbox } from './inbox.js'

inOwnNetwork(import.meta.url, () => {
  const { PacketQueue, Frames, LinkWatch } = loadAddon()
  const options: NativeQueueOptions = {
    queueNumber: 42,
    copyRangeBytes: 1600,
    maxLength: 16_384,
    receiveBufferBytes: 1 << 20,
    isFailOpen: false,
    isSilentOverflow: false,
    defaultVerdict: 1,
    budget: 64,
    onBatch: () => {},
    onLost: () => {},
  }
  const open = (changes: object = {}): NativeQueue => new PacketQueue({ ...options, ...changes })
  const typeError = { name: 'TypeError' }
  const rangeError = { name: 'RangeError' }

  t.test('options out of range or of another type are refused', async (t) => {
    const bad: readonly { readonly key: string; readonly values: readonly unknown[] }[] = [
      { key: 'queueNumber', values: [-1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY] },
      { key: 'copyRangeBytes', values: [0, 1985, -1] },
      { key: 'maxLength', values: [0, 2 ** 32, -5] },
      { key: 'receiveBufferBytes', values: [-1, 2 ** 31] },
      { key: 'defaultVerdict', values: [2, -1, 0.5] },
      { key: 'budget', values: [0, 65] },
    ]
    const refused = (call: () => unknown, error: { name: string } | { message: string }) => {
      t.throws(call, error)
      t.equal(readQueueStats(42), undefined, 'and nothing stays bound')
    }
    for (const { key, values } of bad) {
      for (const value of values) refused(() => open({ [key]: value }), rangeError)
      for (const value of ['1', undefined, null, {}, 1n, Symbol('x')])
        refused(() => open({ [key]: value }), typeError)
    }
    for (const key of ['isFailOpen', 'isSilentOverflow', 'onBatch', 'onLost'])
      for (const value of [0, 'x', undefined, null, {}])
        refused(() => open({ [key]: value }), typeError)
    const hostile = {
      get queueNumber(): number {
        throw new Error('no number for you')
      },
    }
    refused(() => Reflect.construct(PacketQueue, [hostile]), { message: 'no number for you' })
    for (const args of [[], [undefined], [null], [1], ['x']])
      for (const Class of [PacketQueue, LinkWatch])
        refused(() => Reflect.construct(Class, args), typeError)
  })

  t.test('constructors want new', async (t) => {
    for (const Class of [PacketQueue, Frames, LinkWatch])
      t.throws(() => Reflect.apply(Class, undefined, [options]), typeError)
  })

  t.test('methods want an object of their own class', async (t) => {
    const queue = open()
    const frames = new Frames()
    const links = new LinkWatch({ receiveBufferBytes: 0, onLinks: () => {} })
    const all = [queue, frames, links]
    for (const own of all) {
      const prototype: Record<string, unknown> = Object.getPrototypeOf(own)
      const methods = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
      t.ok(methods.length > 0)
      for (const name of methods)
        for (const other of [
          {},
          undefined,
          1,
          Object.create(own),
          Object.create(prototype),
          ...all.filter((each) => each !== own),
        ])
          t.throws(
            () => Reflect.apply(prototype[name] as () => void, other, [1]),
            typeError,
            `${name} of ${String(own)}`,
          )
    }
    class Child extends PacketQueue {}
    t.throws(() => new Child(options), { code: 'EPERM' }, 'the queue is taken')
    for (const each of all) {
      each.close()
      each.close()
    }
    const child = new Child(options)
    child.close()
    t.match(child.counters(), { received: 0 }, 'counters can be read after the end')
    t.throws(() => links.dump(), /closed/)
  })

  t.test('what is not a count is refused by send', async (t) => {
    await using frames = openFrames()
    for (const count of ['1', undefined, null, {}, 1n])
      t.throws(() => Reflect.apply(frames.send, frames, [count]), typeError)
  })

  t.test('frames whose memory was transferred throw', async (t) => {
    const frames = openFrames()
    frames.bytes.set(udpFrame({}))
    structuredClone(frames.bytes.buffer, { transfer: [frames.bytes.buffer as ArrayBuffer] })
    for (let i = 0; i < 3; i++) t.throws(() => frames.send(1), /detached/)
    frames.close()
  })

  t.test(
    'a batch whose memory was transferred gets default verdicts, and a new queue',
    async (t) => {
      const guest = makeGuest(0)
      run('ip', 'link', 'set', 'lo', 'up')
      run('ip', 'address', 'add', '10.9.0.1/24', 'dev', guest.tap)
      const rule = ['-i', guest.tap, '-p', 'udp', '-j', 'NFQUEUE', '--queue-num', '42']
      run('iptables', '-t', 'mangle', '-A', 'PREROUTING', ...rule)
      using inbox = await openInbox(67)
      const problems: QueueProblem[] = []
      const stolen: ArrayBuffer[] = []
      const queue = openPacketQueue({
        queueNumber: 42,
        defaultVerdict: 'accept',
        onProblem: (problem) => problems.push(problem),
        onBatch: ({ bytes, verdicts }) => {
          verdicts.fill(0)
          const buffer = bytes.buffer as ArrayBuffer
          if (stolen.length === 0) stolen.push(structuredClone(buffer, { transfer: [buffer] }))
        },
      })
      sendFrom(
        guest,
        [0, 1, 2].map((n) => udpFrame({ payload: String(n) })),
      )
      await until('a new queue', () => queue.counters().bound === 2 || undefined)
      await inbox.settled()
      t.same(inbox.payloads, ['0', '1', '2'])
      t.match(problems, [{ code: 'ERR_MEMORY_DETACHED' }])
      sendFrom(guest, [udpFrame({ payload: '3' })])
      await until('its verdict', () => queue.counters().verdicts === 4 || undefined)
      await inbox.settled()
      t.same(inbox.payloads, ['0', '1', '2'], 'the new one decides again')

      t.equal(stolen[0]?.byteLength, 64 * 2048 + 64 * 20 * 4 + 64)
      queue.close()
    },
  )

  t.test('memory that is transferred between two batches does no harm either', async (t) => {
    const guest = makeGuest(1)
    const rule = ['-i', guest.tap, '-p', 'udp', '-j', 'NFQUEUE', '--queue-num', '42']
    run('iptables', '-t', 'mangle', '-A', 'PREROUTING', ...rule)
    let lost = ''
    const native = open({
      onLost: (code: string) => {
        lost = code
      },
    })
    const buffer = native.meta.buffer as ArrayBuffer
    structuredClone(buffer, { transfer: [buffer] })
    sendFrom(guest, [udpFrame({})])
    await until('the end of the queue', () => lost || undefined)
    t.equal(lost, 'ERR_MEMORY_DETACHED')
    t.match(native.counters(), { received: 1, verdicts: 1, batches: 0 })
    t.equal(readQueueStats(42), undefined)
  })
})
