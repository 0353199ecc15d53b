import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Job, JobId } from '#ganeti/job.js'
import { jobOfFileName } from '#ganeti/job-file.js'
import { readJobFile } from './job-file.js'

/** Which jobs are wanted. */
export interface RecentJobsOptions {
  /** Those whose file was written since: Unix time. */
  readonly sinceMs: number
  /** And these. */
  readonly ids?: readonly JobId[]
}

/** Most files that are read; the newest ones. */
const maxRead = 1000

/** Looks that are under way at once. */
const atOnce = 64

/** Largest file that is read. */
const maxBytes = 4 * 1024 * 1024

/** Jobs of the queue whose file was written lately, and others that are known by number. What cannot be read is left out. */
export async function readRecentJobs(
  queueDirectory: string,
  { sinceMs, ids = [] }: RecentJobsOptions,
): Promise<readonly Job[]> {
  const names = await readdir(queueDirectory).catch((): readonly string[] => [])
  const found = new Set<JobId>(ids)
  const all = names.flatMap((name) => {
    const id = jobOfFileName(name)
    return id === undefined ? [] : [{ id, file: path.join(queueDirectory, name) }]
  })
  for (let from = 0; from < all.length; from += atOnce) {
    const some = all.slice(from, from + atOnce)
    const times = await Promise.all(some.map(({ file }) => modifiedMs(file)))
    for (const [index, { id }] of some.entries()) if ((times[index] ?? 0) >= sinceMs) found.add(id)
  }
  const wanted = [...found].toSorted((a, b) => b - a).slice(0, maxRead)
  const jobs: Job[] = []
  for (const id of wanted) {
    const reading = await readJobFile(queueDirectory, id, { maxBytes })
    if (reading.kind === 'job') jobs.push(reading.job)
  }
  return jobs
}

async function modifiedMs(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs
  } catch {
    return 0
  }
}
