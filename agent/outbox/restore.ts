import { join } from 'node:path'
import { readCursor } from './cursor.js'
import type { Disk } from './disk.js'
import { setAsideDamage } from './quarantine.js'
import { recoverSegment } from './recover.js'
import {
  createSegment,
  listSegments,
  openToRead,
  type Place,
  readAppendedMs,
  type Segment,
  segmentName,
} from './segment.js'

/** What a directory holds, as far as it must be known before the first append. */
export interface Restored {
  /** Oldest first, never empty; the last one grows. */
  readonly segments: Segment[]
  readonly last: Segment & { readonly fd: number }
  readonly nextSequence: number
  readonly cursor: Place
  /** When the first unacknowledged entry was appended, when a glance at the cursor's place tells; Unix ms. */
  readonly oldestMs: number | undefined
  readonly tornBytes: number
}

/**
 * Finds out where writing and reading go on. Reads the last segment, the cursor, and the sizes of the others: how
 * many entries wait is the difference of two sequence numbers, so a million costs what ten cost.
 *
 * The directory must be locked. Rejects with the system's error.
 */
export async function restore(disk: Disk, dir: string): Promise<Restored> {
  const found = await listSegments(disk, dir)
  const saved = await readCursor(disk, dir)
  const newest = found.at(-1)
  const last = newest
    ? await recoverLast(disk, dir, newest)
    : await createFirst(disk, dir, saved?.sequence ?? 1)
  const segments: Segment[] = []
  for (const { first, path } of found.slice(0, -1)) {
    segments.push({ first, path, bytes: await sizeOf(disk, path) })
  }
  segments.push(last.segment)
  const oldest = segments[0]?.first ?? last.segment.first
  // A cursor that lags behind the oldest file was not written after the last deletion: all of that was acknowledged.
  const cursor =
    saved && saved.sequence >= oldest ? saved : { sequence: oldest, segment: oldest, offset: 0 }
  return {
    segments,
    last: { ...last.segment, fd: last.fd },
    // Numbers are never used twice, not even when somebody removed the newest file.
    nextSequence: Math.max(last.nextSequence, cursor.sequence),
    cursor,
    oldestMs: await appendedAt(disk, segments, cursor),
    tornBytes: last.tornBytes,
  }
}

async function appendedAt(
  disk: Disk,
  segments: readonly Segment[],
  cursor: Place,
): Promise<number | undefined> {
  const isEarlier = ({ first }: Segment) => first <= cursor.sequence
  const segment = segments.filter(isEarlier).at(-1)
  const start = segment?.first === cursor.segment ? cursor.offset : 0
  if (!segment || start >= segment.bytes) return undefined
  return readAppendedMs(disk, segment.path, start)
}

async function sizeOf(disk: Disk, path: string): Promise<number> {
  const fd = await openToRead(disk, path)
  try {
    return await disk.size(fd)
  } finally {
    await disk.close(fd)
  }
}

interface Last {
  readonly segment: Segment
  readonly fd: number
  readonly nextSequence: number
  readonly tornBytes: number
}

async function createFirst(disk: Disk, dir: string, first: number): Promise<Last> {
  const fd = await createSegment(disk, dir, first)
  const segment = { first, path: join(dir, segmentName(first)), bytes: 0 }
  return { segment, fd, nextSequence: first, tornBytes: 0 }
}

async function recoverLast(
  disk: Disk,
  dir: string,
  { first, path }: { readonly first: number; readonly path: string },
): Promise<Last> {
  const recovered = await recoverSegment({
    disk,
    path,
    first,
    keep: async (torn) => {
      await setAsideDamage(disk, dir, { segment: first, ...torn })
    },
  })
  const { fd, bytes, nextSequence, tornBytes } = recovered
  return { segment: { first, path, bytes }, fd, nextSequence, tornBytes }
}
