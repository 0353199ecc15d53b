import { constants } from 'node:fs'
import { join } from 'node:path'
import { type Disk, FILE_MODE } from './disk.js'
import { HEADER_BYTES, headerTime, type Piece, parsePieces } from './record.js'

/** One file of the log: records with ascending sequence numbers, appended only. */
export interface Segment {
  /** Sequence number of its first record; also its name. */
  readonly first: number
  readonly path: string
  /** How much of the file counts; what lies behind was never acknowledged as appended. */
  readonly bytes: number
}

/** A place in the log: before the record with this sequence number, and where that is when it is known. */
export interface Place {
  readonly sequence: number
  /** `first` of a segment … */
  readonly segment: number
  /** … and an offset in it. Only a hint: the sequence number decides. */
  readonly offset: number
}

/** Reads are cut into slices of this many bytes: about a millisecond of checksums and cutting. */
export const SLICE_BYTES = 256 * 1024

/** `00000000000000000042.seg`: sorts by age, and the difference of two names is a count of entries. */
export function segmentName(first: number): string {
  return `${String(first).padStart(20, '0')}.seg`
}

/** The first sequence number in a segment's name, or undefined when the name is not a segment's. */
export function segmentFirst(name: string): number | undefined {
  const digits = /^(\d{20})\.seg$/.exec(name)?.[1]
  const first = digits === undefined ? Number.NaN : Number(digits)
  return Number.isSafeInteger(first) ? first : undefined
}

/** The segments of a directory, oldest first, as their names tell; reads no file. */
export async function listSegments(
  disk: Pick<Disk, 'list'>,
  dir: string,
): Promise<readonly { readonly first: number; readonly path: string }[]> {
  const found: { first: number; path: string }[] = []
  for (const name of await disk.list(dir)) {
    const first = segmentFirst(name)
    if (first !== undefined) found.push({ first, path: join(dir, name) })
  }
  return found.sort((a, b) => a.first - b.first)
}

/**
 * Begins a segment, so that its name survives a power loss. An existing file of this name is emptied: it can only be
 * left from an attempt that failed half-way, when nothing in it was acknowledged.
 *
 * @returns a descriptor for reading and writing. Rejects with the system's error.
 */
export async function createSegment(disk: Disk, dir: string, first: number): Promise<number> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC
  const fd = await disk.open(join(dir, segmentName(first)), flags, FILE_MODE)
  try {
    await disk.syncDirectory(dir)
  } catch (error) {
    await disk.close(fd)
    throw error
  }
  return fd
}

/** How many bytes of segments lie behind a place. */
export function bytesFrom(segments: readonly Segment[], place: Place): number {
  let bytes = 0
  for (const segment of segments) {
    if (segment.first > place.segment) bytes += segment.bytes
    else if (segment.first === place.segment) bytes += Math.max(0, segment.bytes - place.offset)
  }
  return bytes
}

/** Opens a segment for reading. */
export function openToRead(disk: Pick<Disk, 'open'>, path: string): Promise<number> {
  return disk.open(path, constants.O_RDONLY, 0)
}

/** Reads the body of one record whose place is known, without checking it again. */
export async function readBody(
  disk: Pick<Disk, 'open' | 'read' | 'close'>,
  path: string,
  record: { readonly start: number; readonly end: number },
): Promise<Uint8Array> {
  const body = Buffer.alloc(record.end - record.start - HEADER_BYTES)
  const fd = await openToRead(disk, path)
  try {
    await disk.read(fd, body, record.start + HEADER_BYTES)
    return body
  } finally {
    await disk.close(fd)
  }
}

/** When the record that starts there was appended, as its header says; undefined when no header is there. */
export async function readAppendedMs(
  disk: Pick<Disk, 'open' | 'read' | 'close'>,
  path: string,
  start: number,
): Promise<number | undefined> {
  const header = Buffer.alloc(HEADER_BYTES)
  const fd = await openToRead(disk, path)
  try {
    await disk.read(fd, header, start)
    return headerTime(header)
  } finally {
    await disk.close(fd)
  }
}

/**
 * Reads the next slice of a segment: at least one piece, about {@link SLICE_BYTES} of them.
 *
 * @param to where the segment ends
 * @param isGrowing the end may be in the middle of a record that is being written
 * @returns pieces that touch each other, the first at `from`; none when nothing whole lies between `from` and `to`
 */
export async function readSlice(
  disk: Pick<Disk, 'read'>,
  fd: number,
  range: { readonly from: number; readonly to: number; readonly isGrowing: boolean },
): Promise<readonly Piece[]> {
  const { from, to, isGrowing } = range
  let wantBytes = Math.min(Math.max(SLICE_BYTES, HEADER_BYTES), to - from)
  while (wantBytes > 0) {
    const buffer = Buffer.allocUnsafeSlow(wantBytes)
    const readBytes = await disk.read(fd, buffer, from)
    // A file that is shorter than we believe ends where it ends.
    const end = readBytes < wantBytes ? from + readBytes : to
    const { pieces, needBytes } = parsePieces(buffer.subarray(0, readBytes), {
      from,
      to: end,
      isGrowing,
    })
    if (pieces.length > 0 || needBytes <= readBytes) return pieces
    wantBytes = needBytes
  }
  return []
}
