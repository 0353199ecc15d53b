import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { FRAME_SLOT_BYTES, FRAME_SLOTS, openFrames } from '#kernel/frames.js'
import { inOwnNetwork, run } from '../support/own-network.js'
import { until } from '../support/until.js'
import { makeGuest, udpFrame } from './guest.js'

/** Python, so that it is not our code that receives: prints each frame as hexadecimal text. */
const receiver = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((sys.argv[1], 0))
print('ready', flush=True)
while True:
  data, address = s.recvfrom(65536)
  if address[2] != 4: print(data.hex(), flush=True)  # not what was sent here
`

inOwnNetwork(import.meta.url, () => {
  const guests = [makeGuest(0), makeGuest(1)] as const

  t.test('one call sends to many interfaces, each frame as it was written', async (t) => {
    const heard = [await listen(t, guests[0].nic), await listen(t, guests[1].nic)] as const
    await using frames = openFrames()
    for (let i = 0; i < 100; i++)
      put(i, udpFrame({ payload: String(i) }), guests[i % 2 === 0 ? 0 : 1].tapIndex)
    t.equal(frames.send(100), 0)
    for (const side of [0, 1] as const) {
      const sent = Array.from({ length: 50 }, (_, i) => String(i * 2 + side))
      await until('all frames', () => heard[side].length === 50 || undefined)
      t.same(
        heard[side],
        sent.map((payload) => Buffer.from(udpFrame({ payload })).toString('hex')),
      )
    }

    function put(i: number, frame: Uint8Array, ifindex: number): void {
      frames.bytes.set(frame, i * FRAME_SLOT_BYTES)
      frames.lengths[i] = frame.length
      frames.ifindexes[i] = ifindex
    }
  })

  t.test('a frame that fails says why and stops no other', async (t) => {
    const heard = await listen(t, guests[0].nic)
    run('ip', 'link', 'set', guests[1].tap, 'down')
    await using frames = openFrames()
    const { tapIndex } = guests[0]
    const slots: readonly { length: number; ifindex: number; errno: number }[] = [
      { length: 60, ifindex: 9999, errno: 6 }, // ENXIO
      { length: 60, ifindex: tapIndex, errno: 0 },
      { length: 60, ifindex: guests[1].tapIndex, errno: 100 }, // ENETDOWN
      { length: 13, ifindex: tapIndex, errno: 22 }, // EINVAL
      { length: 0, ifindex: tapIndex, errno: 22 },
      { length: 1600, ifindex: tapIndex, errno: 90 }, // EMSGSIZE: the interface's MTU
      { length: 2049, ifindex: tapIndex, errno: 90 },
      { length: 2 ** 32 - 1, ifindex: tapIndex, errno: 90 },
      { length: 60, ifindex: 2 ** 32 - 1, errno: 6 },
      { length: 60, ifindex: 0, errno: 6 },
      { length: 1514, ifindex: tapIndex, errno: 0 },
    ]
    for (const [i, { length, ifindex }] of slots.entries()) {
      frames.bytes.set(udpFrame({}), i * FRAME_SLOT_BYTES)
      frames.lengths[i] = length
      frames.ifindexes[i] = ifindex
    }
    t.equal(frames.send(slots.length), slots.filter(({ errno }) => errno !== 0).length)
    t.same(
      [...frames.errors.subarray(0, slots.length)],
      slots.map(({ errno }) => errno),
    )
    await until('the good ones', () => heard.length === 2 || undefined)
    t.same(
      heard.map((frame) => frame.length / 2),
      [60, 1514],
    )
    t.equal(frames.send(slots.length), 9, 'errors of an earlier call do not matter')
  })

  t.test('the socket receives nothing, so that nothing fills it', async (t) => {
    await using frames = openFrames()
    frames.bytes.set(udpFrame({}))
    frames.lengths[0] = 60
    frames.ifindexes[0] = guests[0].nicIndex
    for (let i = 0; i < 100; i++) frames.send(1)
    // sk RefCnt Type Proto Iface R Rmem: protocol 0, nothing waits
    const rows = readFileSync('/proc/self/net/packet', 'utf8').trim().split('\n').slice(1)
    t.same(
      rows.map((row) => row.trim().split(/\s+/).slice(2, 7)),
      [['3', '0000', '0', '0', '0']],
    )
  })

  t.test('closed frames throw, closing twice does not', async (t) => {
    const frames = openFrames()
    frames.close()
    frames.close()
    t.throws(() => frames.send(1), /closed/)
    t.equal(readFileSync('/proc/self/net/packet', 'utf8').trim().split('\n').length, 1)
  })

  t.test('without the capability it says which one, not a stack', async (t) => {
    process.seteuid?.(65_534)
    try {
      t.throws(() => openFrames(), { code: 'ROOT_NEEDED', message: /CAP_NET_RAW/ })
    } finally {
      process.seteuid?.(0)
    }
  })

  for (const count of [-1, FRAME_SLOTS + 1, 0.5, Number.NaN, 2 ** 40])
    t.test(`a count of ${count} is refused`, async (t) => {
      await using frames = openFrames()
      t.throws(() => frames.send(count), { name: 'RangeError' })
    })
})

/** All frames that an interface receives from now on, until the test ends. */
async function listen(t: Test, device: string): Promise<readonly string[]> {
  const child = spawn('python3', ['-c', receiver, device], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const frames: string[] = []
  let rest = ''
  child.stdout.on('data', (part) => {
    const lines = `${rest}${part}`.split('\n')
    rest = lines.pop() ?? ''
    frames.push(...lines.filter((line) => line !== 'ready'))
  })
  await once(child.stdout, 'data')
  return frames
}
