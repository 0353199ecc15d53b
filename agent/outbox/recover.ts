import { constants } from 'node:fs'
import { type Disk, FILE_MODE } from './disk.js'
import { readSlice } from './segment.js'

/** The last segment as a crash left it, made whole: where the good part ends, and what was cut off. */
export interface Recovered {
  /** Open for reading and writing. */
  readonly fd: number
  readonly bytes: number
  /** Sequence number for the next record. */
  readonly nextSequence: number
  /** How much was cut off; 0 after a clean stop. */
  readonly tornBytes: number
}

/** What {@link recoverSegment} works on. */
export interface RecoverOptions {
  readonly disk: Disk
  readonly path: string
  readonly first: number
  /** Gets the torn bytes before they are cut off. */
  readonly keep: (torn: { readonly start: number; readonly bytes: Uint8Array }) => Promise<void>
}

/**
 * Opens the last segment for writing and finds its end.
 *
 * This is the only file that is read at start: every earlier segment was whole when the next one was begun. Cut off
 * is what follows the last whole record: a torn one, or the zeros that a file system may leave after a power loss.
 * Damage with good records behind it is no torn tail; it is left to the reader. Rejects with the system's error.
 */
export async function recoverSegment(options: RecoverOptions): Promise<Recovered> {
  const { disk, path, keep } = options
  const fd = await disk.open(path, constants.O_RDWR, FILE_MODE)
  try {
    const sizeBytes = await disk.size(fd)
    const end = await findEnd(options, { fd, sizeBytes })
    const tornBytes = sizeBytes - end.bytes
    if (tornBytes > 0) {
      const bytes = Buffer.alloc(tornBytes)
      await disk.read(fd, bytes, end.bytes)
      await keep({ start: end.bytes, bytes })
      await disk.truncate(fd, end.bytes)
      // Else a power loss could bring the torn bytes back behind what we are about to write.
      await disk.sync(fd)
    }
    return { fd, tornBytes, ...end }
  } catch (error) {
    await disk.close(fd)
    throw error
  }
}

async function findEnd(
  { disk, first }: RecoverOptions,
  { fd, sizeBytes }: { readonly fd: number; readonly sizeBytes: number },
): Promise<{ readonly bytes: number; readonly nextSequence: number }> {
  let end = { bytes: 0, nextSequence: first }
  let from = 0
  while (from < sizeBytes) {
    const pieces = await readSlice(disk, fd, { from, to: sizeBytes, isGrowing: false })
    for (const piece of pieces) {
      from = piece.end
      if (piece.kind === 'record') end = { bytes: piece.end, nextSequence: piece.sequence + 1 }
    }
    if (pieces.length === 0) break
  }
  return end
}
