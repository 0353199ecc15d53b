import * as fs from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AgentError } from '#errors.js'
import type { CursorPolicy } from './cursor.js'
import { DIRECTORY_MODE, type Disk, nodeDisk } from './disk.js'
import { writeFailure } from './failure.js'
import { lockDirectory } from './lock.js'
import { QUARANTINE } from './quarantine.js'
import { startQueue } from './queue.js'
import { restore } from './restore.js'

/** One body on its way, with the number under which it is acknowledged. */
export interface Entry {
  readonly sequence: number
  readonly body: Uint8Array
}

/** What `okeanid status` shows of the outbox. */
export interface OutboxStats {
  /** Entries that are not acknowledged; exact but for entries lost to damage that was not read yet. */
  readonly backlogCount: number
  /** Bytes on disk from the first unacknowledged entry on. */
  readonly backlogBytes: number
  /** Since it was opened; so are the next three. */
  readonly appendedCount: number
  readonly ackedCount: number
  /** Entries moved aside or lost to damage. */
  readonly quarantinedCount: number
  /** Bytes that were no entries: a torn tail, rotten blocks. Copies lie in `quarantine/` unless the disk was full. */
  readonly damagedBytes: number
  /** When the oldest unacknowledged entry was appended, Unix milliseconds; while it waits unread behind others that
   * left, when the last of those was. Undefined when nothing waits. */
  readonly oldestMs: number | undefined
  /** False from a failed append until one succeeds. */
  readonly isWritable: boolean
  readonly lastWriteError: AgentError | undefined
}

/** A queue of byte strings on disk: one writing process, one reader in it, at least once, in order. */
export interface Outbox extends AsyncDisposable {
  /**
   * Resolves when all of them are on disk; appends that arrive while a sync is running share the next one. The bytes
   * belong to the outbox from the call on. Rejects with `OUTBOX_WRITE`: then none of them is in the outbox, nor any
   * that was appended behind them, and the caller tries again; with `OUTBOX_CLOSED`; with a RangeError for a body
   * over 16 MiB.
   */
  append(bodies: readonly Uint8Array[]): Promise<void>
  /**
   * The next entries in order, at least one when there is one, at most `maxCount` and about `maxBytes`. What was
   * appended just now comes from memory. One call at a time. Rejects with the system's error when the disk cannot be
   * read.
   */
  take(limit: { readonly maxCount: number; readonly maxBytes: number }): Promise<readonly Entry[]>
  /** Resolves when `take` may have something. Rejects with the signal's reason, or with `OUTBOX_CLOSED`. */
  wait(signal: AbortSignal): Promise<void>
  /** The entry arrived and is never handed out again; in any order, more than once without harm. */
  ack(sequence: number): void
  /** Goes back: `take` starts again with the first entry that is not acknowledged. Not while a `take` runs. */
  rewind(): void
  /** The body of an entry that was handed out and is not acknowledged; else undefined. Rejects with the system's error. */
  read(sequence: number): Promise<Uint8Array | undefined>
  /** Nothing more is handed out, though there is more, only because a few are not acknowledged and very many behind them are. */
  isStalled(): boolean
  /**
   * Forgets everything that is in it and answers how many entries that were; what is under way may arrive all the same.
   * A power loss within moments may bring them back.
   */
  discard(): Promise<number>
  /** Moves an entry that nobody can take to `quarantine/` and acknowledges it. Rejects with `OUTBOX_WRITE`. */
  quarantine(sequence: number, reason: string): Promise<void>
  stats(): OutboxStats
  /** Finishes what was accepted, writes the cursor, lets go of the lock; a second call waits for the first. */
  close(): Promise<void>
}

/** Where the outbox lies; the rest has defaults. */
export interface OutboxOptions {
  readonly dir: string
  /** A segment of this size is followed by a new one. Default 8 MiB: what has to be scanned after a crash. */
  readonly segmentBytes?: number
  /** How much of what was appended last is kept in memory. Default 4 MiB. */
  readonly hotBytes?: number
  /** Default: every 100 ms or every 1000 acknowledgements, whichever comes first. */
  readonly cursorPolicy?: CursorPolicy
  /** How far acknowledgements may run ahead of one entry that gets none. Default 65,536. */
  readonly maxOutCount?: number
  readonly nowMs?: () => number
  readonly disk?: Disk
}

/**
 * Opens the outbox in a directory, which is created (0700) when missing.
 *
 * Rejects with `OUTBOX_LOCKED` when another process has it, with `OUTBOX_WRITE` when it cannot be created or read.
 */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { dir, disk = nodeDisk } = options
  try {
    await makeDirectory(disk, join(dir, QUARANTINE))
    const lock = await lockDirectory(dir)
    try {
      return startQueue({ ...options, disk }, await restore(disk, dir), () =>
        Promise.resolve(lock.close()),
      )
    } catch (error) {
      lock.close()
      throw error
    }
  } catch (error) {
    throw error instanceof AgentError ? error : writeFailure(dir, error)
  }
}

async function makeDirectory(disk: Disk, dir: string): Promise<void> {
  const topmost = await fs.mkdir(dir, { recursive: true, mode: DIRECTORY_MODE })
  if (topmost === undefined) return
  for (let made = dir; made.length >= topmost.length; made = dirname(made)) {
    await disk.syncDirectory(dirname(made))
  }
}
