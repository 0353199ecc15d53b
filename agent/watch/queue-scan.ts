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
import type { ChangedJob } from './reading-order.js'

/** What a scan found. */
export interface QueueScan {
  /** Job files in the queue directory; undefined when the directory had not changed and was not listed. */
  readonly listedCount: number | undefined
  /** Highest number that was given, as far as files and luxid's note of it tell. */
  readonly highest: number
  /** Jobs to read, oldest version first. */
  readonly changed: readonly ChangedJob[]
  /** Numbers that were given, and of which there is neither a file nor a memory, since two scans. */
  readonly missing: readonly (readonly [number, number])[]
  /** Jobs that had to be told and whose files are gone. */
  readonly lost: readonly JobId[]
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
  let highest = 0
  /** Highest number at the first scan, until a later scan says what of it is still missing. */
  let firstHighest: number | undefined
  let isFirst = true

  async function lookAt(ids: ReadonlySet<JobId>, hasQueue: boolean) {
    const files = await inspectJobFiles(queueDirectory, ids)
    const changed = files.filter(({ id, signature }) => signatures.get(id) !== signature)
    const withFile = new Set(files.map(({ id }) => id))
    const gone = known.openIds().filter((id) => !withFile.has(id))
    const lost = hasQueue ? known.giveUp(gone) : []
    const stillOpen = gone.filter((id) => known.isOpen(id))
    const withoutFile = stillOpen.map((id) => ({ id, writtenMs: undefined }))
    return { changed: [...changed, ...withoutFile], lost }
  }

  /** What was given and not written yet, or not read yet, at the first scan, is there by the next. */
  function missing(): QueueScan['missing'] {
    if (firstHighest === undefined) return []
    const found = known.miss(firstHighest, [...signatures.keys()])
    firstHighest = undefined
    return found
  }

  return {
    async scan(nowMs) {
      const lateMissing = missing()
      const version = await directoryVersion(queueDirectory, nowMs)
      if (version !== undefined && version === scannedVersion) {
        const found = await lookAt(new Set(known.openIds()), false)
        return { listedCount: undefined, highest, ...found, missing: lateMissing }
      }
      const listed = await listJobIds(queueDirectory)
      highest = listed.reduce((max, id) => Math.max(max, id), await lastSerial(queueDirectory))
      if (sinceMs !== undefined) {
        known.begin(await whatIsOld(queueDirectory, listed, sinceMs))
        sinceMs = undefined
      }
      const archived = await listArchivedJobIds(queueDirectory, known.unsearched(highest))
      known.searched(highest, archived)
      const wanted = new Set([...listed, ...archived].filter((id) => !known.isDone(id)))
      for (const id of known.openIds()) wanted.add(id)
      const found = await lookAt(wanted, listed.length > 0)
      scannedVersion = version
      if (isFirst) firstHighest = highest
      isFirst = false
      return { listedCount: listed.length, highest, ...found, missing: lateMissing }
    },
    forget() {
      scannedVersion = undefined
    },
  }
}

/**
 * For the first start: finished jobs that were last written before `sinceMs`, all of the archive, and the number up to which nothing is
 * asked for. That is the lowest of which there is a file; or none, when even that file is young: what came before it is not here
 * (Ganeti copies no old jobs to a new candidate) and may have ended a minute ago.
 */
async function whatIsOld(
  queueDirectory: string,
  listed: readonly JobId[],
  sinceMs: number,
): Promise<{ readonly closed: readonly JobId[]; readonly floor: number }> {
  const archived = await listArchivedJobIds(queueDirectory, [[1, Number.MAX_SAFE_INTEGER]])
  const toTell = new Set(await jobsToTell(queueDirectory, listed, sinceMs))
  const present = new Set([...listed, ...archived])
  const closed = [...present].filter((id) => !toTell.has(id))
  if (present.size === 0) return { closed, floor: await lastSerial(queueDirectory) }
  const lowest = [...present].reduce((min, id) => Math.min(min, id), Number.MAX_SAFE_INTEGER)
  return { closed, floor: closed.length === 0 ? 0 : lowest - 1 }
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

/** Jobs in the archive whose numbers are in these ranges. */
async function listArchivedJobIds(
  queueDirectory: string,
  ranges: readonly (readonly [number, number])[],
): Promise<readonly JobId[]> {
  if (ranges.length === 0) return []
  const ids: JobId[] = []
  for (const folder of await listArchiveFolders(queueDirectory)) {
    const [low, high] = [folder * 10_000, folder * 10_000 + 9999]
    const wanted = ranges.filter(([first, last]) => first <= high && last >= low)
    if (wanted.length === 0) continue
    const found = await listJobIds(path.join(queueDirectory, 'archive', String(folder)))
    ids.push(...found.filter((id) => wanted.some(([first, last]) => first <= id && id <= last)))
  }
  return ids
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
