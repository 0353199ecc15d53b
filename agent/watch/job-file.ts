import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemCode } from '#errors.js'
import type { Job, JobId } from '#ganeti/job.js'
import { createJobDecoder, type JobProblem } from '#ganeti/job-decoder.js'
import { archivedJobPath, jobFileName } from '#ganeti/job-file.js'

/**
 * What reading a job's file brought.
 *
 * - `gone`: neither in the queue nor in the archive
 * - `unreadable`: the file is there and may not be read, or the disk refuses; `code` is the system's
 * - `damaged`: what is in it is no job
 * - `large`: the file is larger than the caller wanted to read now
 */
export type JobReading =
  | { readonly kind: 'job'; readonly job: Job; readonly signature: FileSignature }
  | { readonly kind: 'gone' }
  | { readonly kind: 'large' }
  | { readonly kind: 'unreadable'; readonly code: string; readonly signature: FileSignature }
  | { readonly kind: 'damaged'; readonly problem: JobProblem; readonly signature: FileSignature }

/**
 * Tells one version of a file from the next: Ganeti never writes in place, each version is a new inode. A change of mode
 * counts as well, so that a file that could not be read is tried again.
 */
export type FileSignature = string

/** Bytes between two looks at the event loop; about 4 ms of decoding. */
const sliceBytes = 64 * 1024

/**
 * Reads and decodes a job's file, from the queue or, when it is not there any more, from the archive.
 *
 * Small files are read synchronously: they were just written, so they come from the page cache in 20 µs, where a
 * round trip through the thread pool costs 100. Larger ones are read in slices with a turn of the event loop in between,
 * and never kept whole.
 */
export async function readJobFile(
  queueDirectory: string,
  id: JobId,
  { maxBytes = Number.POSITIVE_INFINITY }: { readonly maxBytes?: number } = {},
): Promise<JobReading> {
  const file = openFirst([
    path.join(queueDirectory, jobFileName(id)),
    path.join(queueDirectory, archivedJobPath(id)),
  ])
  if (file === 'ENOENT') return { kind: 'gone' }
  if (typeof file === 'string') return unreadable(queueDirectory, id, file)
  try {
    return await decodeOpenFile(file, maxBytes)
  } catch (error) {
    return unreadable(queueDirectory, id, systemCode(error) ?? 'EIO')
  } finally {
    closeSync(file)
  }
}

/** The signature of a version, from its metadata. */
export function signatureOf(stats: Pick<Stats, 'dev' | 'ino' | 'size' | 'ctimeMs'>): FileSignature {
  // joined, for a template would leave a tree of eight strings, and there are as many signatures as files
  return [stats.dev, stats.ino, stats.size, stats.ctimeMs].join('.')
}

/** The signature is as good as metadata give it: it changes when the mode does, and then the file is tried again. */
function unreadable(queueDirectory: string, id: JobId, code: string): JobReading {
  try {
    const signature = signatureOf(statSync(path.join(queueDirectory, jobFileName(id))))
    return { kind: 'unreadable', code, signature }
  } catch {
    return { kind: 'unreadable', code, signature: code }
  }
}

/** The descriptor of the first of these files that exists, else the error's code. */
function openFirst(paths: readonly string[]): number | string {
  for (const candidate of paths) {
    try {
      return openSync(candidate, 'r')
    } catch (error) {
      const code = systemCode(error) ?? 'EIO'
      if (code !== 'ENOENT') return code
    }
  }
  return 'ENOENT'
}

async function decodeOpenFile(file: number, maxBytes: number): Promise<JobReading> {
  const stats = fstatSync(file)
  if (stats.size > maxBytes) return { kind: 'large' }
  const signature = signatureOf(stats)
  const decoder = createJobDecoder()
  const slice = Buffer.allocUnsafe(Math.min(sliceBytes, Math.max(stats.size + 1, 512)))
  for (;;) {
    const readBytes = readSync(file, slice, 0, slice.length, null)
    if (readBytes === 0) break
    decoder.write(slice.subarray(0, readBytes))
    if (stats.size > sliceBytes) await nextTurn()
  }
  const outcome = decoder.end()
  return outcome.ok
    ? { kind: 'job', job: outcome.value, signature }
    : { kind: 'damaged', problem: outcome.problem, signature }
}

const unfinishedWords = ['"queued"', '"waiting"', '"canceling"', '"running"']

/**
 * Whether a job file may be of an unfinished job: true when a status of one stands anywhere in it, when it does not fit
 * the buffer, or when it cannot be read. A finished job costs no decoding.
 */
export function mayBeUnfinished(file: string, buffer: Buffer): boolean {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    const readBytes = readSync(descriptor, buffer, 0, buffer.length, 0)
    const text = buffer.subarray(0, readBytes)
    return (
      readBytes === buffer.length ||
      unfinishedWords.some((word) => text.includes(word, 0, 'latin1'))
    )
  } catch {
    return true
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
