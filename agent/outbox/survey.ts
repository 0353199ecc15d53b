import { systemCode } from '#errors.js'
import { readCursor } from './cursor.js'
import { nodeDisk } from './disk.js'
import type { StoredRecord } from './record.js'
import { listSegments, openToRead, type Place, readAppendedMs, readSlice } from './segment.js'

/** What waits in an outbox, as its file names and sizes tell. */
export interface Survey {
  /** About: the cursor lags a tenth of a second behind a running agent, and what was acknowledged out of order counts. */
  readonly waitingCount: number
  readonly waitingBytes: number
  /** When the first of them was appended, Unix milliseconds; undefined when none waits. */
  readonly oldestMs: number | undefined
  readonly segmentCount: number
}

/**
 * Looks at an outbox that another process may be writing: takes no lock, changes nothing. Only the newest segment is read, so a
 * million entries cost what ten cost. Rejects with the system's error, `ENOENT` when there is no outbox.
 */
export async function surveyOutbox(dir: string): Promise<Survey> {
  const segments = await listSegments(nodeDisk, dir)
  const cursor = await readStart(dir)
  const newest = segments.at(-1)
  let waitingBytes = 0
  let endSequence = newest?.first ?? cursor.sequence
  let oldestMs: number | undefined
  for (const { first, path } of segments) {
    const fd = await openIfThere(path)
    if (fd === undefined) continue // acknowledged and removed meanwhile
    try {
      const bytes = await nodeDisk.size(fd)
      const start = first === cursor.segment ? cursor.offset : 0
      waitingBytes += Math.max(0, bytes - start)
      if (start < bytes)
        oldestMs ??= await readAppendedMs(nodeDisk, path, start).catch(() => undefined)
      if (first !== newest?.first) continue
      for await (const { sequence } of recordsOf(fd, 0)) endSequence = sequence + 1
    } finally {
      await nodeDisk.close(fd)
    }
  }
  const waitingCount = Math.max(0, endSequence - cursor.sequence)
  return {
    waitingCount,
    waitingBytes,
    oldestMs: waitingCount > 0 ? oldestMs : undefined,
    segmentCount: segments.length,
  }
}

/**
 * The entries that wait, in order, from a sequence number on: as {@link surveyOutbox}, without lock and while somebody writes.
 * Damage is passed over; what the agent removes meanwhile was acknowledged.
 */
export async function* readWaiting(dir: string, fromSequence = 0): AsyncGenerator<StoredRecord> {
  const cursor = await readStart(dir)
  const from = Math.max(fromSequence, cursor.sequence)
  const segments = await listSegments(nodeDisk, dir)
  for (const [index, { first, path }] of segments.entries()) {
    if ((segments[index + 1]?.first ?? Number.POSITIVE_INFINITY) <= from) continue
    const fd = await openIfThere(path)
    if (fd === undefined) continue
    try {
      const start = first === cursor.segment ? cursor.offset : 0
      for await (const record of recordsOf(fd, start)) if (record.sequence >= from) yield record
    } finally {
      await nodeDisk.close(fd)
    }
  }
}

/** As {@link restore} sees it: a cursor that lags behind the oldest file was not written after the last deletion. */
async function readStart(dir: string): Promise<Place> {
  const saved = await readCursor(nodeDisk, dir)
  const oldest = (await listSegments(nodeDisk, dir))[0]?.first ?? saved?.sequence ?? 1
  if (saved && saved.sequence >= oldest) return saved
  return { sequence: oldest, segment: oldest, offset: 0 }
}

async function* recordsOf(fd: number, start: number): AsyncGenerator<StoredRecord> {
  for (let from = start; ; ) {
    const to = await nodeDisk.size(fd)
    const pieces = await readSlice(nodeDisk, fd, { from, to, isGrowing: true })
    if (pieces.length === 0) return
    for (const piece of pieces) {
      from = piece.end
      if (piece.kind === 'record') yield piece
    }
  }
}

async function openIfThere(path: string): Promise<number | undefined> {
  try {
    return await openToRead(nodeDisk, path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
