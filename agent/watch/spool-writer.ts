import {
  closeSync,
  constants,
  type Dir,
  fstatSync,
  opendirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { systemCode } from '#errors.js'

/**
 * What became of a file for the spool. `missing`: there is no such folder, so nobody wants it. `full`: nobody has taken
 * anything for long; that one was lost is noted in the folder.
 */
export type SpoolOutcome = 'written' | 'missing' | 'full'

/** Files that a spool holds at most: some megabytes. */
export const maxSpooled = 10_000

/** A file of which each byte stands for a fact that found the spool full. */
export const lostFileName = '.lost'

/** What a file is called before it is whole. */
export const newFilePrefix = '.new-'

/** What tells a fact from all others of this host. */
export interface SpoolStamp {
  /** `<boot id>.<monotonic nanoseconds>.<pid>` */
  readonly id: string
  readonly fileName: string
}

/**
 * A stamp of now: unique on this host, and later ones of the same boot sort after it as file names. The counter is the clock since
 * boot, which all processes share, so no two of them need a lock; two that read the same nanosecond differ by pid.
 */
export function stampNow(): SpoolStamp {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const counter = process.hrtime.bigint()
  return {
    id: `${bootId}.${counter}.${process.pid}`,
    fileName: `${bootId}.${String(counter).padStart(20, '0')}.${process.pid}.json`,
  }
}

/**
 * Puts a file into a spool, whole or not at all. Synchronously, for it is the last act of short programs.
 *
 * Not synced to the disk: a power cut that loses it ended the guest that it tells of. A crash of ours loses nothing. The reader may
 * write the folder too, so no name in it is trusted: files are made anew, links are not followed.
 * @throws Error with `code` for a disk that is full or read-only
 */
export function spoolFile(directory: string, fileName: string, text: string): SpoolOutcome {
  const fill = fillOf(directory)
  if (fill === 'full') noteLost(directory)
  if (fill !== 'room') return fill
  // a name of its own: one that a crash left must not stand in the way of the same file
  const own = `${process.hrtime.bigint()}.${process.pid}`
  const temporary = path.join(directory, `${newFilePrefix}${own}.${fileName}`)
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const file = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o640)
  try {
    writeWhole(file, text)
    renameSync(temporary, path.join(directory, fileName))
  } catch (error) {
    unlinkSync(temporary)
    throw error
  } finally {
    closeSync(file)
  }
  return 'written'
}

function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

/** Counts no further than it must: the folder's other user could have made millions of names. */
function fillOf(directory: string): 'missing' | 'full' | 'room' {
  let folder: Dir
  try {
    folder = opendirSync(directory, { bufferSize: 256 })
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'missing'
    throw error
  }
  try {
    for (let count = 0; count < maxSpooled; count++) if (folder.readSync() === null) return 'room'
    return 'full'
  } finally {
    folder.closeSync()
  }
}

/** What stands in the way of the file must not be waited for: a pipe of its name would hold up every start of a guest. */
function noteLost(directory: string): void {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants
  const file = openSync(
    path.join(directory, lostFileName),
    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK,
    0o640,
  )
  try {
    const stats = fstatSync(file)
    if (stats.isFile() && stats.nlink === 1) writeSync(file, '.')
  } finally {
    closeSync(file)
  }
}
