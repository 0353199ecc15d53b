import type { JobId } from '#ganeti/job.js'

/** What the job source must know about jobs that were told before; the ledger is one. */
export interface KnownJobs {
  /** Everything was told: changes of the job's file are of no interest. */
  isDone(id: JobId): boolean
  isOpen(id: JobId): boolean
  /** Jobs that were seen and are not final yet. */
  openIds(): readonly JobId[]
  /** Highest number that was ever seen. */
  highest(): number
  /** Closes the jobs that are listed, and all far below the highest number, except some and those that are open. */
  closeOlder(jobs: {
    readonly listed: readonly JobId[]
    readonly highest: number
    readonly except: readonly JobId[]
  }): void
}
