import type { Found } from './reader.js'

/** What was appended last, so that a reader that keeps up never touches the disk. */
export interface HotTail {
  put(found: Found): void
  get(sequence: number): Found | undefined
  drop(sequence: number): void
}

/** A tail of about `maxBytes`; the oldest leave first. */
export function createHotTail(maxBytes: number): HotTail {
  const bySequence = new Map<number, Found>()
  let bytes = 0
  function drop(sequence: number) {
    const found = bySequence.get(sequence)
    if (!found) return
    bySequence.delete(sequence)
    bytes -= sizeOf(found)
  }
  return {
    put(found) {
      bySequence.set(found.record.sequence, found)
      bytes += sizeOf(found)
      for (const oldest of bySequence.keys()) {
        if (bytes <= maxBytes) break
        drop(oldest)
      }
    },
    get: (sequence) => bySequence.get(sequence),
    drop,
  }
}

function sizeOf({ record }: Found): number {
  return record.end - record.start
}
