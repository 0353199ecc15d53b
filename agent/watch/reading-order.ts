import type { JobId } from '#ganeti/job.js'

/**
 * Jobs whose files are to be read, in the order in which the files were written last. Ganeti ends the jobs of one instance one after another,
 * so who reads in this order tells their ends in order, however many wait.
 */
export interface ReadingOrder {
  readonly size: () => number
  readonly has: (id: JobId) => boolean
  /** The file was written just now: it goes behind all others, whatever its place was. */
  readonly notice: (id: JobId) => void
  /** A scan looks at the files from now on. */
  readonly scanBegins: () => void
  /**
   * What it found, oldest version first. It goes before what was noticed since it began, however long it took. When the clock was set
   * meanwhile, files' times say nothing: what was noticed before keeps its place.
   */
  readonly scanEnds: (changed: readonly JobId[], clock: 'steady' | 'set') => void
  /** Takes the first one out. */
  readonly next: () => JobId | undefined
}

/** An order with nothing in it. */
export function createReadingOrder(): ReadingOrder {
  const pending = new Set<JobId>()
  const noticed = new Set<JobId>()

  function last(ids: Set<JobId>, id: JobId): void {
    ids.delete(id)
    ids.add(id)
  }

  return {
    size: () => pending.size,
    has: (id) => pending.has(id),
    notice(id) {
      last(pending, id)
      last(noticed, id)
    },
    scanBegins() {
      noticed.clear()
    },
    scanEnds(changed, clock) {
      const later = [...pending].filter((id) => noticed.has(id))
      for (const id of changed) if (clock === 'steady' || !pending.has(id)) last(pending, id)
      for (const id of later) last(pending, id)
      noticed.clear()
    },
    next() {
      const [id] = pending
      if (id !== undefined) pending.delete(id)
      return id
    },
  }
}
