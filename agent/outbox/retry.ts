import { hasCode } from '#errors.js'
import type { Outbox } from './outbox.js'
import { listQuarantine, readQuarantined, removeQuarantined } from './quarantine.js'

/** What came of putting quarantined entries back. */
export interface Retried {
  readonly retriedCount: number
  /** Names of files that hold no whole entry, or are not there. */
  readonly unusable: readonly string[]
  /** Why it stopped before the end; undefined when it did not. */
  readonly problem: string | undefined
}

/** Entries that are appended at once: one sync for all. */
const BATCH_COUNT = 64

/**
 * Puts entries back from the quarantine: appends them behind all that waits, in the order of their sequence numbers, and removes a
 * file only when its entry is on disk again. A crash in between leaves both; then the same message is sent twice.
 *
 * @param names files of the quarantine; undefined for every entry
 */
export async function retryQuarantined(
  outbox: Outbox,
  dir: string,
  names: readonly string[] | undefined,
): Promise<Retried> {
  const there = (await listQuarantine(dir)).flatMap(({ kind, name }) =>
    kind === 'entry' ? [name] : [],
  )
  const wanted = names === undefined ? there : there.filter((name) => names.includes(name))
  const unusable = (names ?? []).filter((name) => !there.includes(name))
  let retriedCount = 0
  for (let from = 0; from < wanted.length; from += BATCH_COUNT) {
    const batch: { readonly name: string; readonly body: Uint8Array }[] = []
    for (const name of wanted.slice(from, from + BATCH_COUNT)) {
      const entry = await readQuarantined(dir, name)
      if (entry) batch.push({ name, body: entry.body })
      else unusable.push(name)
    }
    try {
      await outbox.append(batch.map(({ body }) => body))
    } catch (error) {
      if (!hasCode(error, 'OUTBOX_WRITE') && !hasCode(error, 'OUTBOX_CLOSED')) throw error
      return { retriedCount, unusable, problem: error instanceof Error ? error.message : '' }
    }
    for (const { name } of batch) await removeQuarantined(dir, name)
    retriedCount += batch.length
  }
  return { retriedCount, unusable, problem: undefined }
}
