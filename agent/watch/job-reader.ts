import { statSync } from 'node:fs'
import type { Job, JobId } from '#ganeti/job.js'
import { type FileSignature, type JobReading, readJobFile } from './job-file.js'
import type { KnownJobs } from './known-jobs.js'
import type { QueueNotice } from './queue-notice.js'

/** Reads job files and says what is wrong with those that are no jobs, once for each version. */
export interface JobReader {
  read(id: JobId): Promise<Job | undefined>
  /** Those that were read aside. */
  takeLarge(): readonly Job[]
}

/** What a reader works with. */
export interface JobReaderOptions {
  readonly queueDirectory: string
  readonly known: KnownJobs
  /** Kept up to date: the version of each file that was read last. */
  readonly signatures: Map<JobId, FileSignature>
  readonly onNotice: (notice: QueueNotice) => void
  /** A file cannot be read because nothing in the directory can, or is gone, maybe because the directory is being replaced. */
  readonly onBlind: () => void
  /** There is something to take. */
  readonly wake: () => void
}

/** Files above this are read aside, slice by slice, while the others go on. */
const largeBytes = 1024 * 1024

/** Makes a reader of one queue directory. */
export function createJobReader(options: JobReaderOptions): JobReader {
  const { queueDirectory, known, signatures, onNotice, onBlind, wake } = options
  const large: Job[] = []
  const waiting = new Set<JobId>()
  const vanished = new Set<JobId>()
  let lane = Promise.resolve()

  function accept(id: JobId, reading: JobReading): Job | undefined {
    switch (reading.kind) {
      case 'job':
        signatures.set(id, reading.signature)
        vanished.delete(id)
        return reading.job
      case 'large':
        readAside(id)
        return undefined
      case 'gone':
        if (!vanished.has(id)) onBlind()
        if (known.isOpen(id) && !vanished.has(id)) onNotice({ kind: 'vanished', id })
        if (known.isOpen(id)) vanished.add(id)
        return undefined
      case 'damaged':
      case 'unreadable':
        if (reading.kind === 'unreadable' && !canEnter(queueDirectory)) onBlind()
        if (signatures.get(id) !== reading.signature) onNotice({ kind: 'unusable', id, reading })
        signatures.set(id, reading.signature)
        return undefined
    }
  }

  function readAside(id: JobId): void {
    if (waiting.has(id)) return
    waiting.add(id)
    lane = lane.then(async () => {
      waiting.delete(id)
      const job = accept(id, await readJobFile(queueDirectory, id))
      if (job !== undefined) large.push(job)
      wake()
    })
  }

  return {
    read: async (id) => accept(id, await readJobFile(queueDirectory, id, { maxBytes: largeBytes })),
    takeLarge: () => large.splice(0),
  }
}

/** Not access(2), which asks what the real user may and knows no ambient capabilities. */
function canEnter(directory: string): boolean {
  try {
    statSync(`${directory}/.`)
    return true
  } catch {
    return false
  }
}
