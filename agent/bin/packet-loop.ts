import type { Frames } from '#kernel/frames.js'
import {
  META,
  META_WORDS,
  NF_ACCEPT,
  NF_DROP,
  type PacketBatch,
  SKB_CHECKSUM_NOT_READY,
  SLOT_BYTES,
} from '#kernel/packet-batch.js'
import type { Dispatcher } from '#responder/dispatch.js'
import type { Outcome, Packet, Slot } from '#responder/outcome.js'

/** Who wants to see packets and answers: `okeanid dhcp trace`. Called while the bytes are still there. */
export type PacketObserver = (
  ifindex: number,
  packet: Packet,
  outcome: Outcome,
  answer: Slot,
) => void

/** What a loop works with. */
export interface PacketLoopParts {
  readonly dispatcher: Dispatcher
  readonly frames: Frames
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicMs: () => number
  readonly unixMs: () => number
  /** Undefined while nobody looks. */
  readonly observer: () => PacketObserver | undefined
  /** Where the packets of these queues go while nobody answers; those of a NIC that is not known (yet) go there too. */
  readonly whenDown: 'pass' | 'drop'
  /** A NIC of this tap is sent a DHCPACK. */
  readonly onAcknowledged?: ((ifindex: number, sourceMac: number | undefined) => void) | undefined
  /** How many answers left, and the error numbers of those that the kernel did not take. */
  readonly onSent: (sent: number, refused: readonly number[]) => void
}

/**
 * What happens to each batch of packets: decide, write answers, send them all at once, leave a verdict for each.
 *
 * The slots of the frames are reused for every batch; a batch has at most as many answers as packets.
 */
export function packetLoop({
  dispatcher,
  frames,
  monotonicMs,
  unixMs,
  observer,
  whenDown,
  onAcknowledged,
  onSent,
}: PacketLoopParts): (batch: PacketBatch, count: number) => void {
  return ({ bytes, meta, verdicts }, count) => {
    const time = { monotonicMs: monotonicMs(), unixMs: unixMs() }
    const observe = observer()
    let answers = 0
    for (let index = 0; index < count; index++) {
      const word = index * META_WORDS
      // a bridge's port is the tap; without a bridge the interface itself is
      const ifindex = at(meta, word + META.physindev) || at(meta, word + META.indev)
      const packet: Packet = {
        bytes,
        at: index * SLOT_BYTES,
        length: at(meta, word + META.length),
        sourceMac:
          at(meta, word + META.macLength) === 6
            ? at(meta, word + META.macHigh) * 0x1_0000_0000 + at(meta, word + META.macLow)
            : undefined,
        isChecksumReady: (at(meta, word + META.skbInfo) & SKB_CHECKSUM_NOT_READY) === 0,
      }
      const slot: Slot = { bytes: frames.bytes, at: answers * SLOT_BYTES, size: SLOT_BYTES }
      const outcome = dispatcher.dispatch(ifindex, packet, slot, time)
      if (outcome.kind === 'reply') {
        frames.ifindexes[answers] = ifindex
        frames.lengths[answers] = outcome.length
        answers++
        if (outcome.what === 'ack') onAcknowledged?.(ifindex, packet.sourceMac)
      }
      verdicts[index] = passes(outcome, whenDown) ? NF_ACCEPT : NF_DROP
      observe?.(ifindex, packet, outcome, slot)
    }
    if (answers > 0) sendFrames(frames, answers, onSent)
  }
}

/** Sends the first frames and tells what became of them. */
export function sendFrames(frames: Frames, count: number, onSent: PacketLoopParts['onSent']): void {
  const failedCount = frames.send(count)
  onSent(
    count - failedCount,
    failedCount === 0 ? [] : [...frames.errors.subarray(0, count)].filter((errno) => errno !== 0),
  )
}

function passes(outcome: Outcome, whenDown: 'pass' | 'drop'): boolean {
  if (outcome.kind === 'reply') return outcome.verdict === 'pass'
  if (outcome.kind === 'drop') return false
  return whenDown === 'pass' || outcome.reason !== 'unknown-nic'
}

function at(words: Uint32Array, index: number): number {
  return words[index] ?? 0
}
