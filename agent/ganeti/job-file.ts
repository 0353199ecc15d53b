import { type JobId, parseJobId } from './job.js'

/**
 * The job whose queue file has this name, or undefined for anything else in the directory.
 *
 * Only the final name counts (`lib/constants.py`, `JOB_FILE_RE`). Names of files that are still being written look alike and
 * may even begin with another job's name: `job-18-160-69.tmp` (luxid), `job-1884wo9riz.new` (a write of job 18).
 */
export function jobOfFileName(name: string): JobId | undefined {
  return name.startsWith('job-') ? parseJobId(name.slice(4)) : undefined
}

/** File name of a job inside the queue directory. */
export function jobFileName(id: JobId): string {
  return `job-${id}`
}

/** Path of an archived job below the queue directory: ten thousand jobs a folder (`JSTORE_JOBS_PER_ARCHIVE_DIRECTORY`). */
export function archivedJobPath(id: JobId): string {
  return `archive/${Math.floor(id / 10_000)}/${jobFileName(id)}`
}
