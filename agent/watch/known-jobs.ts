import type { JobId } from '#ganeti/job.js'

/** What the job source must know about jobs that were seen before; the ledger is one. */
export interface KnownJobs {
  /** Changes of the job's file are of no interest. */
  isDone(id: JobId): boolean
  isOpen(id: JobId): boolean
  /** Jobs whose files must be looked at in every scan, wherever they are. */
  openIds(): readonly JobId[]
  /** For the first start: closes these, except those that are open; numbers up to `floor` are never asked for. */
  begin(start: { readonly closed: readonly JobId[]; readonly floor: number }): void
  /** Numbers up to `last` that may be of jobs in the archive that nobody has seen yet, as ascending ranges. */
  unsearched(last: number): readonly (readonly [number, number])[]
  /** Those were looked for in the archive, and these were found. */
  searched(last: number, found: readonly JobId[]): void
  /** Notes the numbers up to `last` of which there is neither a memory nor a file, but for these; gives those not noted before. */
  miss(last: number, except: readonly JobId[]): readonly (readonly [number, number])[]
  /** Gives those of these jobs up, and names them, for which nothing can be done without their files, which are gone. */
  giveUp(ids: readonly JobId[]): readonly JobId[]
}
