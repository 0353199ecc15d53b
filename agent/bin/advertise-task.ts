import type { Frames } from '#kernel/frames.js'
import { FRAME_SLOT_BYTES, FRAME_SLOTS } from '#kernel/frames.js'
import { unaskedAdvertisement } from '#responder/compiled-nic.js'
import type { Advertiser } from '#responder/ra/advertiser.js'
import { writeAdvertisement } from '#responder/ra/write.js'
import type { Task } from '#service/tasks.js'
import { createWakeup } from '#watch/wakeup.js'
import { sendFrames } from './packet-loop.js'

/** What the task works with. */
export interface AdvertiseParts {
  readonly advertiser: Advertiser
  readonly frames: Frames
  readonly onSent: (sent: number, refused: readonly number[]) => void
}

/** Longest sleep: a NIC that came meanwhile is due within this time. */
const lookMs = 1000

/** Advertisements that are sent before packets get their turn. */
const atOnce = Math.min(64, FRAME_SLOTS)

/** Sends unasked router advertisements when they are due. */
export function advertiseTask({ advertiser, frames, onSent }: AdvertiseParts): Task {
  /** @returns whether more may be due */
  function sendDue(): boolean {
    const due = advertiser.take(monotonicSeconds(), Math.random, atOnce)
    let count = 0
    for (const { ifindex, nic, isFinal } of due) {
      const advertisement = unaskedAdvertisement(nic)
      if (advertisement === undefined) continue
      const slot = { bytes: frames.bytes, at: count * FRAME_SLOT_BYTES, size: FRAME_SLOT_BYTES }
      const length = writeAdvertisement(advertisement, slot, { mac: nic.mac, isFinal })
      if (length === 0) continue
      frames.ifindexes[count] = ifindex
      frames.lengths[count] = length
      count++
    }
    if (count > 0) sendFrames(frames, count, onSent)
    return due.length === atOnce
  }

  return {
    name: 'advertise',
    async run(signal) {
      const { sleep } = createWakeup(signal)
      while (!signal.aborted) {
        const hasMore = sendDue()
        const nextSeconds = advertiser.nextSeconds() ?? Number.POSITIVE_INFINITY
        const waitMs = Math.ceil((nextSeconds - monotonicSeconds()) * 1000)
        if (hasMore) await new Promise(setImmediate)
        else await sleep(Math.min(lookMs, Math.max(1, waitMs)))
      }
    },
  }
}

/** Seconds of a clock that never goes back. */
export function monotonicSeconds(): number {
  return performance.now() / 1000
}
