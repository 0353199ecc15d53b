import { constants } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '#errors.js'
import { type Disk, FILE_MODE } from './disk.js'
import type { Place } from './segment.js'

/** Remembers on disk which entry is the first that nobody acknowledged. */
export interface CursorFile {
  /** The cursor is here now; written soon, not at once. */
  moved(place: Place): void
  /** Writes the last place, synced. A disk that refuses leaves the older one: entries are sent again, none is lost. */
  close(): Promise<void>
}

/** When the cursor is written: whichever comes first. */
export interface CursorPolicy {
  readonly everyMs: number
  readonly everyCount: number
}

const NAME = 'cursor'

/** Reads the cursor of a directory; undefined when there is none that can be read. */
export async function readCursor(disk: Disk, dir: string): Promise<Place | undefined> {
  let fd: number
  try {
    fd = await disk.open(join(dir, NAME), constants.O_RDONLY, 0)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const bytes = Buffer.alloc(256)
    return parsePlace(bytes.subarray(0, await disk.read(fd, bytes, 0)).toString('latin1'))
  } finally {
    await disk.close(fd)
  }
}

/**
 * Keeps the cursor file. It is a hint that may lag, so it is written beside (temporary file and rename), at most as
 * often as the policy says, and synced only by `close`: after a `kill -9` the last written one is there; after a
 * power loss it may be an older one or unreadable, and then entries of the oldest segment are sent once more.
 */
export function openCursorFile(options: {
  readonly disk: Disk
  readonly dir: string
  readonly policy: CursorPolicy
  /** What the file says now. */
  readonly sequence: number
}): CursorFile {
  const { disk, dir, policy } = options
  let latest: Place | undefined
  let writtenSequence = options.sequence
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> | undefined
  let isClosed = false

  function startWriting() {
    clearTimeout(timer)
    timer = undefined
    if (writing || !latest) return
    const place = latest
    latest = undefined
    writtenSequence = place.sequence
    writing = write(place, { isSynced: false }).then(
      () => {
        writing = undefined
        if (latest && !isClosed) schedule(latest)
      },
      () => {
        // Full or failing disk: the place on disk lags until the next move, which is allowed.
        writing = undefined
        latest ??= place
      },
    )
  }

  function schedule(place: Place) {
    latest = place
    if (place.sequence - writtenSequence >= policy.everyCount) startWriting()
    else if (!writing) timer ??= setTimeout(startWriting, policy.everyMs)
  }

  async function write(place: Place, { isSynced }: { readonly isSynced: boolean }): Promise<void> {
    const temporary = join(dir, `${NAME}.new`)
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC
    const fd = await disk.open(temporary, flags, FILE_MODE)
    try {
      await disk.write(fd, Buffer.from(`${JSON.stringify(place)}\n`), 0)
      if (isSynced) await disk.sync(fd)
    } finally {
      await disk.close(fd)
    }
    await disk.rename(temporary, join(dir, NAME))
    if (isSynced) await disk.syncDirectory(dir)
  }

  return {
    moved: schedule,
    async close() {
      if (isClosed) return
      isClosed = true
      clearTimeout(timer)
      await writing
      if (latest) await write(latest, { isSynced: true }).catch(() => undefined)
    },
  }
}

/** Undefined for anything but one whole line as we write it: a torn or empty file is no cursor. */
function parsePlace(text: string): Place | undefined {
  const found = /^\{"sequence":(\d{1,15}),"segment":(\d{1,15}),"offset":(\d{1,15})\}\n$/.exec(text)
  if (!found) return undefined
  return { sequence: Number(found[1]), segment: Number(found[2]), offset: Number(found[3]) }
}
