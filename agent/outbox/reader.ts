import { systemCode } from '#errors.js'
import type { Disk } from './disk.js'
import type { Damage, Piece, StoredRecord } from './record.js'
import { openToRead, type Place, readSlice, type Segment } from './segment.js'

/** An entry and where it lies. */
export interface Found {
  readonly segment: number
  readonly record: StoredRecord
}

/** A stretch of sequence numbers without entries: their bytes are damaged or their file is gone. */
export interface Gap {
  /** First and last missing sequence number. */
  readonly from: number
  readonly to: number
  /** Where reading goes on. */
  readonly segment: number
  readonly offset: number
}

/** Walks the log from a place on; reads files only for what is not in memory. */
export interface Reader {
  place(): Place
  /** Goes to another place. */
  seek(place: Place): void
  /** The entry at the place when it is in memory: appended just now, or in the slice that was read last. */
  peekHot(): Found | undefined
  /** The next entry at or behind the place, from disk; undefined at the end. Rejects with the system's error. */
  peekCold(): Promise<Found | undefined>
  /** Goes behind the entry. */
  pass(found: Found): void
  close(): Promise<void>
}

/** What a reader walks over. */
export interface ReaderOptions {
  readonly disk: Disk
  readonly start: Place
  /** All segments, oldest first, with their committed lengths. */
  readonly segments: () => readonly Segment[]
  readonly nextSequence: () => number
  readonly hot: (sequence: number) => Found | undefined
  readonly onGap: (gap: Gap) => void
  readonly onDamage: (segment: number, damage: Damage) => Promise<void>
}

/** Makes a reader; it opens no file before it needs one. One `peekCold` at a time, no `seek` meanwhile. */
export function createReader(options: ReaderOptions): Reader {
  const { disk, segments, nextSequence, hot, onGap, onDamage } = options
  let place = options.start
  let pieces: readonly Piece[] = []
  let pieceIndex = 0
  let file: { readonly segment: number; readonly fd: number } | undefined

  function seek(to: Place) {
    place = to
    pieces = []
    pieceIndex = 0
  }

  /** The segment that holds the place: the last one that does not begin behind it, else the oldest. */
  function locate(): { readonly segment: Segment; readonly next: Segment | undefined } | undefined {
    const all = segments()
    let index = all.length - 1
    while (index > 0 && (all[index]?.first ?? 0) > place.sequence) index -= 1
    const segment = all[index]
    return segment && { segment, next: all[index + 1] }
  }

  async function peekCold(): Promise<Found | undefined> {
    while (place.sequence < nextSequence()) {
      const piece = pieces[pieceIndex]
      if (piece) {
        const found = await usePiece(piece)
        if (found) return found
        continue
      }
      const at = locate()
      if (!at) return undefined
      const { segment, next } = at
      if (place.segment !== segment.first) place = { ...place, segment: segment.first, offset: 0 }
      if (place.offset < segment.bytes) {
        pieces = await sliceOf(segment)
        pieceIndex = 0
        // Somebody removed the file or cut it short: nothing more will come from it.
        if (pieces.length === 0) place = { ...place, offset: segment.bytes }
      } else {
        const first = next?.first ?? nextSequence()
        skipTo(first, { segment: segment.first, offset: segment.bytes })
        if (next) place = { sequence: Math.max(place.sequence, first), segment: first, offset: 0 }
      }
    }
    return undefined
  }

  function peekSlice(): Found | undefined {
    const piece = pieces[pieceIndex]
    if (piece?.kind !== 'record' || piece.sequence !== place.sequence) return undefined
    return { segment: place.segment, record: piece }
  }

  async function usePiece(piece: Piece): Promise<Found | undefined> {
    const { segment } = place
    if (piece.kind === 'record' && piece.sequence >= place.sequence) {
      skipTo(piece.sequence, { segment, offset: piece.start })
      return { segment, record: piece }
    }
    if (piece.kind === 'damage') await onDamage(segment, piece)
    place = { ...place, offset: piece.end }
    pieceIndex += 1
    return undefined
  }

  /** The sequence numbers before `first` have no entries: the place moves over them. */
  function skipTo(first: number, where: { readonly segment: number; readonly offset: number }) {
    if (first <= place.sequence) return
    onGap({ from: place.sequence, to: first - 1, ...where })
    place = { sequence: first, ...where }
  }

  async function sliceOf(segment: Segment): Promise<readonly Piece[]> {
    if (file?.segment !== segment.first) {
      await closeFile()
      try {
        file = { segment: segment.first, fd: await openToRead(disk, segment.path) }
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return []
        throw error
      }
    }
    return readSlice(disk, file.fd, { from: place.offset, to: segment.bytes, isGrowing: false })
  }

  async function closeFile(): Promise<void> {
    const old = file
    file = undefined
    if (old) await disk.close(old.fd)
  }

  return {
    place: () => place,
    seek,
    peekHot: () => hot(place.sequence) ?? peekSlice(),
    peekCold,
    pass({ segment, record }) {
      const isFromSlice = pieces[pieceIndex] === record
      place = { sequence: record.sequence + 1, segment, offset: record.end }
      pieceIndex = isFromSlice ? pieceIndex + 1 : 0
      if (!isFromSlice) pieces = []
    },
    close: closeFile,
  }
}
