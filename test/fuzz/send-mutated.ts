/**
 * Sends changed packets of real clients out of an interface, as a guest would: `send-mutated DEVICE COUNT SEED RATE`. Prints
 * `sent N` at the end. It runs in the namespace of a guest that a test made, and stops by itself.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { FRAME_SLOT_BYTES, openFrames } from '#kernel/frames.js'
import { packetFixture, packetNames } from '../support/packet.js'
import { mutate } from './mutate.js'
import { createRandom } from './random.js'

process.chdir(fileURLToPath(new URL('../../..', import.meta.url))) // where the fixtures are
const [device = '', countText, seedText, rateText] = process.argv.slice(2)
const count = Number(countText)
const perMs = Number(rateText) / 1000
const random = createRandom(Number(seedText))
const attribute = (name: string) => readFileSync(`/sys/class/net/${device}/${name}`, 'utf8').trim()
const ifindex = Number(attribute('ifindex'))
const mac = Buffer.from(attribute('address').replaceAll(':', ''), 'hex')
const seeds = packetNames('').map(packetFixture).filter(isRequest).map(asOwn)
const frames = openFrames()
const batch = 64
let sent = 0
const startMs = performance.now()
while (sent < count) {
  for (let slot = 0; slot < batch; slot++) {
    const frame = random.pick(seeds)
    const at = slot * FRAME_SLOT_BYTES
    const into = frames.bytes.subarray(at + 14, at + FRAME_SLOT_BYTES)
    const length = mutate(frame.subarray(14), { into, other: random.pick(seeds), random })
    frames.bytes.set(frame.subarray(0, 14), at)
    // what is too long for the wire is cut; what is too short for it is sent all the same
    frames.ifindexes[slot] = ifindex
    frames.lengths[slot] = Math.min(1514, 14 + length)
  }
  frames.send(batch)
  sent += batch
  const aheadMs = sent / perMs - (performance.now() - startMs)
  if (aheadMs > 2) await delay(aheadMs)
}
frames.close()
process.stdout.write(`sent ${sent}\n`)

function isRequest(frame: Uint8Array): boolean {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0)
  return frame.length > 54 && (type === 0x0800 || type === 0x86dd)
}

/** The frame as if this guest's own hardware had sent it: wherever its hardware address stands, ours does. */
function asOwn(frame: Uint8Array): Uint8Array {
  const own = Buffer.from(frame)
  const former = Buffer.from(own.subarray(6, 12))
  for (let at = own.indexOf(former); at >= 0; at = own.indexOf(former, at + 6)) mac.copy(own, at)
  own.fill(0xff, 0, 6)
  return own
}
