/**
 * Opens everything that the addon has, serves packets, closes it, and does so again and again: `COUNT NIC_INDEX`. Prints a
 * {@link LoopResult}. Run with --expose-gc.
 */
import { readdirSync } from 'node:fs'
import { openFrames } from '#kernel/frames.js'
import { followLinks } from '#kernel/links.js'
import { openPacketQueue } from '#kernel/packet-queue.js'
import { until } from '../support/until.js'
import { udpFrame } from './guest.js'

/** What the loop cost. */
export interface LoopResult {
  readonly verdicts: number
  /** Resident memory at the end beyond that after the first quarter. */
  readonly growthBytes: number
  readonly descriptorsBefore: number
  readonly descriptorsAfter: number
}

const count = Number(process.argv[2])
const nicIndex = Number(process.argv[3])
const frame = udpFrame({})
let verdicts = 0

const descriptors = () => readdirSync('/proc/self/fd').length
/** Resident memory when the collector is done: it frees array buffers in a thread of its own, a little later. */
async function collect(): Promise<number> {
  const sizes: number[] = []
  await until('the collector', () => {
    globalThis.gc?.()
    sizes.push(process.memoryUsage.rss())
    return sizes.length >= 20 || undefined
  })
  return Math.min(...sizes)
}

async function once(): Promise<void> {
  const stop = new AbortController()
  let isThere = false
  const onResync = () => {
    isThere = true
  }
  followLinks({ onLink() {}, onGone() {}, onResync, signal: stop.signal })
  const queue = openPacketQueue({
    queueNumber: 42,
    defaultVerdict: 'drop',
    onBatch() {},
    onProblem: ({ message }) => {
      throw new Error(message)
    },
  })
  const frames = openFrames()
  for (let i = 0; i < 128; i++) {
    frames.bytes.set(frame, i * 2048)
    frames.lengths[i] = frame.length
    frames.ifindexes[i] = nicIndex
  }
  frames.send(128)
  await until('the verdicts', () => queue.counters().verdicts === 128 || undefined, { everyMs: 1 })
  await until('the links', () => isThere || undefined, { everyMs: 1 })
  verdicts += queue.counters().verdicts
  queue.close()
  frames.close()
  stop.abort()
}

let before = 0
const descriptorsBefore = descriptors()
for (let i = 0; i < count; i++) {
  if (i === Math.floor(count / 4)) before = await collect()
  await once()
}
const result: LoopResult = {
  verdicts,
  growthBytes: (await collect()) - before,
  descriptorsBefore,
  descriptorsAfter: descriptors(),
}
process.stdout.write(JSON.stringify(result))
