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
   * What it found, oldest version first. It goes before what was noticed since it began, however long it took. Where the clock was set
   * back while files waited, their times say nothing: what was noticed before keeps its place.
   */
  readonly scanEnds: (changed: readonly ChangedJob[]) => void
  /** Takes the first one out. */
  readonly next: () => JobId | undefined
}

/** A job whose file is to be read. */
export interface ChangedJob {
  readonly id: JobId
  /** When its file was written last, by the clock of that moment; undefined when there is none. */
  readonly writtenMs: number | undefined
}

/** By how much times may go back in the order of notices, which are late and may be lost, before the clock must have been set back. */
const setBackMs = 60_000

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
    scanEnds(changed) {
      const earlier = [...pending].filter((id) => !noticed.has(id))
      const later = [...pending].filter((id) => noticed.has(id))
      const isKept = wasSetBack(earlier, changed)
      for (const { id } of changed) if (!isKept || !pending.has(id)) last(pending, id)
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

/** Whether of jobs in the order in which they were noticed one was written long before another that came before it. */
function wasSetBack(ids: readonly JobId[], changed: readonly ChangedJob[]): boolean {
  const writtenMs = new Map(changed.map((job) => [job.id, job.writtenMs]))
  let newestMs = Number.NEGATIVE_INFINITY
  return ids.some((id) => {
    const ms = writtenMs.get(id) ?? newestMs
    newestMs = Math.max(newestMs, ms)
    return ms < newestMs - setBackMs
  })
}
