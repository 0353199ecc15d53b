import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Entry, openOutbox } from '#outbox/outbox.js'

/** How many messages the control's memory holds. Synnefo's eventd held 25. */
const roomCount = 200

/**
 * What the agent would be without its outbox: a memory with room for some messages, whose oldest make way for new ones, and of which
 * nothing is left when the process ends. The control of the fault matrix: what only this loses, the outbox has saved.
 */
export const openForgetfulOutbox: typeof openOutbox = async () => {
  const kept = new Map<number, Uint8Array>()
  const waiting = new Set<() => void>()
  let next = 1
  let taken = 0
  let ackedCount = 0

  function ack(sequence: number): void {
    if (kept.delete(sequence)) ackedCount += 1
  }

  return {
    async append(bodies) {
      for (const body of bodies) {
        kept.set(next++, body)
        const [oldest] = kept.keys()
        if (kept.size > roomCount && oldest !== undefined) kept.delete(oldest)
      }
      for (const wake of waiting) wake()
      waiting.clear()
    },
    async take({ maxCount }) {
      await nextTurn()
      const entries: Entry[] = []
      for (const [sequence, body] of kept) {
        if (entries.length === maxCount) break
        if (sequence > taken) entries.push({ sequence, body })
      }
      taken = entries.at(-1)?.sequence ?? taken
      return entries
    },
    wait(signal) {
      return new Promise((resolve, reject) => {
        if (taken < next - 1) return resolve()
        waiting.add(resolve)
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        if (signal.aborted) reject(signal.reason)
      })
    },
    ack,
    rewind() {
      taken = 0
    },
    async read(sequence) {
      return kept.get(sequence)
    },
    isStalled: () => false,
    async discard() {
      const count = kept.size
      kept.clear()
      return count
    },
    async quarantine(sequence) {
      ack(sequence)
    },
    stats: () => ({
      backlogCount: kept.size,
      backlogBytes: 0,
      appendedCount: next - 1,
      ackedCount,
      quarantinedCount: 0,
      damagedBytes: 0,
      oldestMs: undefined,
      isWritable: true,
      lastWriteError: undefined,
    }),
    async close() {},
    async [Symbol.asyncDispose]() {},
  }
}
