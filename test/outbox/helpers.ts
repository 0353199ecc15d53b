import { readdirSync } from 'node:fs'
import type { Entry, Outbox } from '#outbox/outbox.js'
import { segmentFirst } from '#outbox/segment.js'

/** Text as a body. */
export function body(text: string): Uint8Array {
  return Buffer.from(text)
}

/** Bodies `<prefix>1` to `<prefix><count>`. */
export function bodies(count: number, prefix = 'entry '): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) => body(`${prefix}${index + 1}`))
}

/** The texts of entries, in their order. */
export function texts(entries: readonly Pick<Entry, 'body'>[]): readonly string[] {
  return entries.map((entry) => Buffer.from(entry.body).toString())
}

/** Takes until there is nothing more. */
export async function takeAll(outbox: Outbox, maxCount = 1000): Promise<readonly Entry[]> {
  const all: Entry[] = []
  for (;;) {
    const entries = await outbox.take({ maxCount, maxBytes: 1024 * 1024 })
    if (entries.length === 0) return all
    all.push(...entries)
  }
}

/** First sequence numbers of the segments in a directory. */
export function segmentsIn(dir: string): readonly number[] {
  const firsts = readdirSync(dir).map(segmentFirst)
  return firsts.filter((first) => first !== undefined).sort((a, b) => a - b)
}
