import { type FSWatcher, watch } from 'node:fs'
import { AgentError, systemCode } from '#errors.js'
import { createBell } from './bell.js'
import { type Disk, nodeDisk } from './disk.js'
import { listSegments, openToRead, readSlice } from './segment.js'

/** Which outbox to follow, and from where. */
export interface FollowOptions {
  readonly dir: string
  readonly signal: AbortSignal
  /** Begin with everything that is still on disk, not with what is appended from now on. */
  readonly fromStart?: boolean
  /** Looks without being told of a change: inotify forgets when its queue is full. Default 1 s. */
  readonly pollMs?: number
  readonly disk?: ReadingDisk
}

/** The part of a disk that a follower needs: nothing that writes. */
export type ReadingDisk = Pick<Disk, 'open' | 'close' | 'read' | 'size' | 'list'>

/**
 * Follows the outbox of another process: yields the bodies as they are appended, whether the broker has them or not.
 *
 * Takes no lock, writes nothing, goes over damage without a word. A segment that is deleted while it is read is read
 * to its end; one that came and went between two looks is missed. What is seen may be an append that is not synced
 * yet: if that fails, the same body is seen again when its caller succeeds.
 *
 * Returns when the signal comes. Throws `AGENT_NOT_RUNNING` when there is no such directory, and the system's error
 * when it cannot be read.
 */
export async function* followOutbox(
  options: FollowOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const { dir, signal, pollMs = 1000, disk = nodeDisk, fromStart = false } = options
  const changes = watchChanges(dir, pollMs)
  let file: Open | undefined
  try {
    file = await openFirst({ disk, dir, fromStart })
    while (!signal.aborted) {
      // In this order: what was listed before the file was read to its end cannot be the successor of a growing one.
      changes.forget()
      const next = (await listSegments(disk, dir)).find(({ first }) => first > (file?.first ?? -1))
      if (file) {
        for await (const body of readOn(disk, file, { isGrowing: !next })) {
          if (signal.aborted) return
          yield body
        }
      }
      if (next) {
        const fd = await openIfThere(disk, next.path)
        if (file) await disk.close(file.fd)
        file = fd === undefined ? undefined : { first: next.first, fd, offset: 0 }
      } else if (!(await changes.happened(signal))) {
        return
      }
    }
  } finally {
    changes.close()
    if (file) await disk.close(file.fd)
  }
}

interface Open {
  readonly first: number
  readonly fd: number
  /** How far it was read. */
  offset: number
}

/** The oldest segment, or the newest at its end: there "from now on" begins. */
async function openFirst({
  disk,
  dir,
  fromStart,
}: {
  readonly disk: ReadingDisk
  readonly dir: string
  readonly fromStart: boolean
}): Promise<Open | undefined> {
  const segments = await listSegments(disk, dir)
  const start = fromStart ? segments[0] : segments.at(-1)
  const fd = start && (await openIfThere(disk, start.path))
  if (fd === undefined) return undefined
  const file: Open = { first: start?.first ?? 0, fd, offset: 0 }
  if (!fromStart) for await (const _ of readOn(disk, file, { isGrowing: true }));
  return file
}

async function* readOn(
  disk: ReadingDisk,
  file: Open,
  { isGrowing }: { readonly isGrowing: boolean },
): AsyncGenerator<Uint8Array> {
  for (;;) {
    const to = await disk.size(file.fd)
    // A failed append was cut off again after we had seen it.
    if (to < file.offset) file.offset = to
    const pieces = await readSlice(disk, file.fd, { from: file.offset, to, isGrowing })
    if (pieces.length === 0) return
    for (const piece of pieces) {
      file.offset = piece.end
      if (piece.kind === 'record') yield piece.body
    }
  }
}

async function openIfThere(disk: ReadingDisk, path: string): Promise<number | undefined> {
  try {
    return await openToRead(disk, path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

interface Changes {
  /** Whatever happened until now is known. */
  forget(): void
  /** Waits for a change since `forget`; false when the signal came first. */
  happened(signal: AbortSignal): Promise<boolean>
  close(): void
}

function watchChanges(dir: string, pollMs: number): Changes {
  const bell = createBell()
  let hasChanged = true
  const look = () => {
    hasChanged = true
    bell.ring()
  }
  const watcher = watchDirectory(dir, look)
  const timer = setInterval(look, pollMs)
  return {
    forget() {
      hasChanged = false
    },
    async happened(signal) {
      try {
        while (!hasChanged) await bell.heard(signal)
        return true
      } catch {
        // Only the signal rejects this wait.
        return false
      }
    },
    close() {
      watcher?.close()
      clearInterval(timer)
    },
  }
}

function watchDirectory(dir: string, look: () => void): FSWatcher | undefined {
  try {
    return watch(dir, look).on('error', look)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      throw new AgentError(
        'AGENT_NOT_RUNNING',
        `there is no outbox ${dir}: start the events role`,
        {
          cause: error,
        },
      )
    }
    // No inotify watch left, say: then the poll has to do.
    return undefined
  }
}
