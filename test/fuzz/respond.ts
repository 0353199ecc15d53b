import { macOfNumber } from '#addr/mac.js'
import type { OutcomeCounts } from '#responder/counts.js'
import { outcomeName } from '#responder/counts.js'
import { describePacket } from '#responder/describe/frame.js'
import { createDispatcher } from '#responder/dispatch.js'
import { readU48 } from '#wire/bytes.js'
import { packetFixture, packetNames } from '../support/packet.js'
import { faultOf } from './check-answer.js'
import { longestPacket, mutate } from './mutate.js'
import { fuzzedNics } from './nics.js'
import { createRandom } from './random.js'

/** What came of it. */
export interface FuzzOutcome {
  readonly counts: OutcomeCounts
  /** Packets that had their own seed's answer to begin with, and those that still have it afterwards. */
  readonly servedBefore: number
  readonly servedAfter: number
}

/** No guest may send so much in earnest; here nobody shall be held back. */
const unlimited = { perSecond: 1e12, burst: 1e12 }

const time = { monotonicMs: 0, unixMs: 0 }

/**
 * Sends so many changed packets of real clients through everything between queue and tap: dispatcher, decoders, decisions,
 * encoders; and describes some, as trace does.
 * @throws Error with the packet in hexadecimal when something throws, or an answer is wrong
 */
export function fuzzResponder(count: number, seed: number): FuzzOutcome {
  const random = createRandom(seed)
  const seeds = packetNames('').map(packetFixture).filter(isRequestFrame)
  const macs = [...new Set(seeds.map((frame) => readU48(frame, 6)))]
  const packet = new Uint8Array(2048)
  const slot = { bytes: new Uint8Array(2048 * 3), at: 2048, size: 2048 }
  const fail = (what: string, length: number): never => {
    throw new Error(`${what}\n${Buffer.from(packet.subarray(0, length)).toString('hex')}`)
  }
  let length = 0
  const dispatcher = createDispatcher(unlimited, (error) => fail(String(error), length))
  for (const mac of macs)
    for (const [index, nic] of fuzzedNics(macOfNumber(mac)).entries())
      dispatcher.put(index + 1, nic)
  const kindCount = new Set(dispatcher.nics().map(({ ifindex }) => ifindex)).size

  const sourceOf = (frame: Uint8Array): number => readU48(frame, 6)
  const countServed = (): number =>
    seeds.filter((frame) => {
      packet.set(frame.subarray(14))
      const request = {
        bytes: packet,
        at: 0,
        length: frame.length - 14,
        sourceMac: sourceOf(frame),
        isChecksumReady: true,
      }
      return dispatcher.dispatch(1, request, slot, time).kind === 'reply'
    }).length

  const servedBefore = countServed()
  for (let done = 0; done < count; done++) {
    const frame = random.pick(seeds)
    const other = random.pick(seeds)
    length = Math.min(longestPacket, mutate(frame.subarray(14), { into: packet, other, random }))
    const sourceMac = random.oneIn(50) ? random.below(2 ** 32) : sourceOf(frame)
    const request = { bytes: packet, at: 0, length, sourceMac, isChecksumReady: !random.oneIn(4) }
    const ifindex = 1 + random.below(kindCount)
    slot.bytes.fill(0xa5, slot.at + slot.size - 8, slot.at + slot.size + 8)
    const outcome = dispatcher.dispatch(ifindex, request, slot, time)
    if (outcome.kind === 'reply') {
      const nic = dispatcher.find(ifindex, sourceMac)
      const fault = nic && faultOf(nic, slot.bytes, slot.at, outcome.length)
      if (fault !== undefined) fail(`the ${outcomeName(outcome)} ${fault}`, length)
      if (slot.bytes[slot.at + slot.size] !== 0xa5 || slot.bytes[slot.at - 1] !== 0)
        fail('something was written outside the slot', length)
    }
    if (random.oneIn(100)) describePacket(request)
  }
  return { counts: dispatcher.totals(), servedBefore, servedAfter: countServed() }
}

/** Whether a golden packet is a whole frame that a client sends. */
function isRequestFrame(frame: Uint8Array): boolean {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0)
  return frame.length > 54 && (type === 0x0800 || type === 0x86dd)
}
