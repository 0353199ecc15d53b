import { crc32 } from 'node:zlib'

/**
 * One entry as it lies in a segment, big-endian:
 *
 *      0         4         8               14              20        24
 *     +---------+---------+---------------+---------------+---------+---------- - -
 *     | magic   | length  | sequence      | appended      | crc32   | body ...
 *     | f5 4f   | of the  | never re-used | Unix time,    | of 4-20 | length bytes
 *     | 6b 31   | body    |               | milliseconds  | + body  |
 *     +---------+---------+---------------+---------------+---------+---------- - -
 *
 * The magic starts with a byte that no UTF-8 text contains, so that a search for the next record after damage does
 * not stop inside a JSON body.
 */
export interface StoredRecord {
  readonly kind: 'record'
  readonly sequence: number
  /** When it was appended, Unix time in milliseconds, by the writer's clock. */
  readonly appendedMs: number
  readonly body: Uint8Array
  /** Offsets in the segment file: first byte of the header, first byte after the body. */
  readonly start: number
  readonly end: number
}

/** Bytes of a segment that are no record: torn by a crash or rotten on the disk. */
export interface Damage {
  readonly kind: 'damage'
  readonly start: number
  readonly end: number
  readonly bytes: Uint8Array
}

/** What a stretch of a segment turns out to be. */
export type Piece = StoredRecord | Damage

/** Bytes of a record before its body. */
export const HEADER_BYTES = 24

/** The longest body that is taken: what a RabbitMQ 4 takes by default (`max_message_size`, 16 MiB). */
export const MAX_BODY_BYTES = 16 * 1024 * 1024

const MAGIC = Buffer.from([0xf5, 0x4f, 0x6b, 0x31])

/** Writes one record at `offset` and answers it as it will be read back; `into` must have room for it. */
export function encodeRecord(
  into: Buffer,
  offset: number,
  record: Pick<StoredRecord, 'sequence' | 'appendedMs' | 'body' | 'start'>,
): StoredRecord {
  const { sequence, appendedMs, body, start } = record
  const bodyAt = offset + HEADER_BYTES
  into.set(MAGIC, offset)
  into.writeUInt32BE(body.length, offset + 4)
  into.writeUIntBE(sequence, offset + 8, 6)
  into.writeUIntBE(appendedMs, offset + 14, 6)
  into.set(body, bodyAt)
  const stored = into.subarray(bodyAt, bodyAt + body.length)
  into.writeUInt32BE(checksum(into, offset, stored), offset + 20)
  const end = start + HEADER_BYTES + body.length
  return { kind: 'record', sequence, appendedMs, body: stored, start, end }
}

/** When a record was appended, from its {@link HEADER_BYTES} alone, unchecked; undefined when they are none. */
export function headerTime(header: Buffer): number | undefined {
  return header.indexOf(MAGIC) === 0 ? header.readUIntBE(14, 6) : undefined
}

/**
 * Cuts a stretch of a segment into pieces: whole records, and the damage between them.
 *
 * @param chunk bytes of the segment from offset `from` on
 * @param to where the segment ends; the chunk may end before
 * @param isGrowing a record that ends behind `to` is still being written (then it is left out), not torn
 * @returns the pieces without a gap between them; and, when not even one is whole, how many bytes from `from` on
 *   would hold one. Never throws.
 */
export function parsePieces(
  chunk: Buffer,
  {
    from,
    to,
    isGrowing,
  }: { readonly from: number; readonly to: number; readonly isGrowing: boolean },
): { readonly pieces: readonly Piece[]; readonly needBytes: number } {
  const pieces: Piece[] = []
  let at = 0
  let badFrom: number | undefined
  const closeDamage = (end: number) => {
    if (badFrom !== undefined && badFrom < end) pieces.push(damage(chunk, from, badFrom, end))
    badFrom = undefined
  }
  while (at < chunk.length) {
    const found = decodeRecord(chunk, at, from)
    if (found.kind === 'record') {
      closeDamage(at)
      pieces.push(found)
      at = found.end - from
      continue
    }
    const isShort = found.kind === 'short'
    if (isShort && from + at + found.needBytes <= to) {
      closeDamage(at)
      return { pieces, needBytes: at + found.needBytes }
    }
    if (isShort && isGrowing) break
    badFrom ??= at
    const next = chunk.indexOf(MAGIC, at + 1)
    // The magic may straddle the end of the chunk: its first three bytes are left for the next one.
    const isLastChunk = from + chunk.length >= to
    at = next >= 0 ? next : Math.max(at + 1, chunk.length - (isLastChunk ? 0 : MAGIC.length - 1))
    if (next < 0) break
  }
  closeDamage(at)
  return { pieces, needBytes: 0 }
}

type Decoded =
  | StoredRecord
  | { readonly kind: 'short'; readonly needBytes: number }
  | { readonly kind: 'bad' }

function decodeRecord(chunk: Buffer, at: number, from: number): Decoded {
  const left = chunk.length - at
  if (left < MAGIC.length) {
    const isStart = MAGIC.subarray(0, left).equals(chunk.subarray(at))
    return isStart ? { kind: 'short', needBytes: HEADER_BYTES } : { kind: 'bad' }
  }
  if (MAGIC.compare(chunk, at, at + MAGIC.length) !== 0) return { kind: 'bad' }
  if (left < HEADER_BYTES) return { kind: 'short', needBytes: HEADER_BYTES }
  const length = chunk.readUInt32BE(at + 4)
  if (length > MAX_BODY_BYTES) return { kind: 'bad' }
  const end = at + HEADER_BYTES + length
  if (end > chunk.length) return { kind: 'short', needBytes: HEADER_BYTES + length }
  const body = chunk.subarray(at + HEADER_BYTES, end)
  if (chunk.readUInt32BE(at + 20) !== checksum(chunk, at, body)) return { kind: 'bad' }
  return {
    kind: 'record',
    sequence: chunk.readUIntBE(at + 8, 6),
    appendedMs: chunk.readUIntBE(at + 14, 6),
    body,
    start: from + at,
    end: from + end,
  }
}

function checksum(buffer: Buffer, offset: number, body: Uint8Array): number {
  return crc32(body, crc32(buffer.subarray(offset + 4, offset + 20)))
}

function damage(chunk: Buffer, from: number, start: number, end: number): Damage {
  return { kind: 'damage', start: from + start, end: from + end, bytes: chunk.subarray(start, end) }
}
