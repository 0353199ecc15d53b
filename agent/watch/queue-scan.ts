import { statSync } from 'node:fs'
import { opendir, readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemCode } from '#errors.js'
import { type JobId, parseJobId } from '#ganeti/job.js'
import { archivedJobPath, jobFileName, jobOfFileName } from '#ganeti/job-file.js'
import { isFinal, jobStatus } from '#ganeti/status.js'
import { type FileSignature, mayBeUnfinished, readJobFile, signatureOf } from './job-file.js'
import type { KnownJobs } from './known-jobs.js'

/** What a scan found. */
export interface QueueScan {
  /** Job files in the queue directory; undefined when the directory had not changed and was not listed. */
  readonly listedCount: number | undefined
  /** Jobs to read, oldest version first. */
  readonly changed: readonly JobId[]
}

/** Finds what triggers may have missed. */
export interface QueueScanner {
  scan(nowMs: number): Promise<QueueScan>
  /** Forgets the directory's version: the next scan lists its names whatever they look like. */
  forget(): void
}

/** How many files are looked at between two turns of the event loop. */
const filesPerTurn = 256

/**
 * A scanner of one queue directory. A scan costs one stat of the directory and one for each unfinished job; only when the
 * directory changed are its names listed, and only files of jobs that are not done are looked at.
 *
 * @param signatures the version of each file that was read last
 * @param baselineSinceMs on a first start: finished jobs that were last written before this are closed, untold
 */
export function createQueueScanner({
  queueDirectory,
  known,
  signatures,
  baselineSinceMs,
}: {
  readonly queueDirectory: string
  readonly known: KnownJobs
  readonly signatures: ReadonlyMap<JobId, FileSignature>
  readonly baselineSinceMs: number | undefined
}): QueueScanner {
  let scannedVersion: string | undefined
  let sinceMs = baselineSinceMs

  async function changedAmong(ids: ReadonlySet<JobId>): Promise<readonly JobId[]> {
    const files = await inspectJobFiles(queueDirectory, ids)
    const changed = files.filter(({ id, signature }) => signatures.get(id) !== signature)
    const withFile = new Set(files.map(({ id }) => id))
    const gone = known.openIds().filter((id) => !withFile.has(id))
    return [...changed.map(({ id }) => id), ...gone]
  }

  return {
    async scan(nowMs) {
      const version = await directoryVersion(queueDirectory, nowMs)
      if (version !== undefined && version === scannedVersion) {
        return { listedCount: undefined, changed: await changedAmong(new Set(known.openIds())) }
      }
      const listed = await listJobIds(queueDirectory)
      const highest = listed.reduce((max, id) => Math.max(max, id), 0)
      if (sinceMs !== undefined) {
        const lastArchived = await lastArchivedJobId(queueDirectory)
        const toTell = await jobsToTell(queueDirectory, listed, sinceMs)
        known.closeOlder({ listed, highest: Math.max(highest, lastArchived), except: toTell })
        sinceMs = undefined
      }
      const archived = await listArchivedJobIds(queueDirectory, {
        after: known.highest(),
        last: Math.max(highest, await lastSerial(queueDirectory)),
      })
      const wanted = new Set([...listed, ...archived].filter((id) => !known.isDone(id)))
      for (const id of known.openIds()) wanted.add(id)
      const changed = await changedAmong(wanted)
      scannedVersion = version
      return { listedCount: listed.length, changed }
    },
    forget() {
      scannedVersion = undefined
    },
  }
}

/** Of these jobs the unfinished ones, and those written since `sinceMs`. Keeps nothing of the others. */
async function jobsToTell(
  queueDirectory: string,
  ids: readonly JobId[],
  sinceMs: number,
): Promise<readonly JobId[]> {
  const buffer = Buffer.allocUnsafe(256 * 1024)
  const kept: JobId[] = []
  for (const [index, id] of ids.entries()) {
    if (index % filesPerTurn === 0) await nextTurn()
    const file = path.join(queueDirectory, jobFileName(id))
    const writtenMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? sinceMs
    if (writtenMs >= sinceMs) kept.push(id)
    else if (mayBeUnfinished(file, buffer) && !(await isFinished(queueDirectory, id))) kept.push(id)
  }
  return kept
}

/** Whether a job's file says that it is finished; for those that a look at words cannot judge. */
async function isFinished(queueDirectory: string, id: JobId): Promise<boolean> {
  const reading = await readJobFile(queueDirectory, id)
  return reading.kind === 'job' && isFinal(jobStatus(reading.job.ops.map(({ status }) => status)))
}

/**
 * Names the version of a directory: it changes when an entry appears, goes or is renamed. Undefined when the directory
 * is missing, or changed so lately that another change could still get the same time stamp.
 */
async function directoryVersion(directory: string, nowMs: number): Promise<string | undefined> {
  try {
    const stats = await stat(directory)
    return Math.abs(nowMs - stats.ctimeMs) < 50 ? undefined : signatureOf(stats)
  } catch {
    return undefined
  }
}

/** The jobs whose files are in a directory, in no order; none when there is no such directory. */
export async function listJobIds(directory: string): Promise<readonly JobId[]> {
  const ids: JobId[] = []
  try {
    for await (const entry of await opendir(directory, { bufferSize: 1024 })) {
      const id = jobOfFileName(entry.name)
      if (id !== undefined) ids.push(id)
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
  return ids
}

/** Jobs in the archive with numbers above `after`, at most up to `last`. */
async function listArchivedJobIds(
  queueDirectory: string,
  { after, last }: { readonly after: number; readonly last: number },
): Promise<readonly JobId[]> {
  if (after >= last) return []
  const ids: JobId[] = []
  for (const folder of await listArchiveFolders(queueDirectory)) {
    if (folder < Math.floor((after + 1) / 10_000) || folder > Math.floor(last / 10_000)) continue
    const found = await listJobIds(path.join(queueDirectory, 'archive', String(folder)))
    ids.push(...found.filter((id) => id > after && id <= last))
  }
  return ids
}

/** Highest number in the archive; 0 when it is empty. */
async function lastArchivedJobId(queueDirectory: string): Promise<number> {
  const folder = Math.max(0, ...(await listArchiveFolders(queueDirectory)))
  const ids = await listJobIds(path.join(queueDirectory, 'archive', String(folder)))
  return ids.reduce((max, id) => Math.max(max, id), 0)
}

/** Numbers of the archive's folders, ten thousand jobs each; those that exist, because a number may be any. */
async function listArchiveFolders(queueDirectory: string): Promise<readonly number[]> {
  try {
    const names = await readdir(path.join(queueDirectory, 'archive'))
    return names.flatMap((name) => (/^\d{1,12}$/.test(name) ? [Number(name)] : []))
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    return []
  }
}

/** Number of the job that was submitted last, as luxid notes it; 0 when nobody can tell. */
async function lastSerial(queueDirectory: string): Promise<number> {
  const text = await readFile(path.join(queueDirectory, 'serial'), 'latin1').catch(() => '')
  return parseJobId(text.trim()) ?? 0
}

interface JobFileFacts {
  readonly id: JobId
  /** When this version was written. */
  readonly writtenMs: number
  readonly signature: FileSignature
}

/** Metadata of these jobs' files, oldest version first; those without a file are left out. */
async function inspectJobFiles(
  queueDirectory: string,
  ids: Iterable<JobId>,
): Promise<readonly JobFileFacts[]> {
  const found: JobFileFacts[] = []
  let looked = 0
  for (const id of ids) {
    if (looked++ % filesPerTurn === 0) await nextTurn()
    const stats =
      statSync(path.join(queueDirectory, jobFileName(id)), { throwIfNoEntry: false }) ??
      statSync(path.join(queueDirectory, archivedJobPath(id)), { throwIfNoEntry: false })
    if (stats !== undefined)
      found.push({ id, writtenMs: stats.mtimeMs, signature: signatureOf(stats) })
  }
  return found.sort((a, b) => a.writtenMs - b.writtenMs || a.id - b.id)
}
