import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { systemCode } from '#errors.js'

/**
 * How a directory stands: watched, under a watch that was just opened (so that names may have been missed), missing, or
 * there and not to be looked into.
 */
export type DirectoryState = 'watched' | 'new' | 'missing' | 'unreadable'

/** A watch on a directory that may go and come again. */
export interface DirectoryFollower {
  /** Sees to the watch. Never throws. */
  ensure(): Promise<DirectoryState>
  close(): void
}

/**
 * A follower of one directory; nothing is watched before the first `ensure`.
 *
 * This is Node's own `watch`, a single inotify watch, and not chokidar: that looks at every file at the start, which with
 * 10,000 of them cost 250 ms of CPU and 23 MiB (docs/decisions/0002-watching-the-queue.md).
 * @param onName name of an entry that appeared, changed or went; undefined when the directory itself did, or the watch broke
 */
export function createDirectoryFollower(
  directory: string,
  onName: (name: string | undefined) => void,
): DirectoryFollower {
  const ownName = path.basename(directory)
  let watcher: FSWatcher | undefined
  let watched: string | undefined

  function release(): void {
    watcher?.close()
    watcher = undefined
    watched = undefined
  }

  return {
    async ensure() {
      const identity = await identityOf(directory)
      if (identity.kind === 'there' && identity.id === watched) return 'watched'
      release()
      if (identity.kind !== 'there') return identity.kind
      try {
        watcher = watch(directory, (_event, name) => {
          onName(name === null || name === ownName ? undefined : name)
        })
      } catch {
        return 'unreadable' // out of inotify watches, or it went in this moment
      }
      watcher.on('error', () => {
        watched = undefined
        onName(undefined)
      })
      watched = identity.id
      return 'new'
    },
    close: release,
  }
}

type Identity =
  | { readonly kind: 'there'; readonly id: string }
  | { readonly kind: 'missing' | 'unreadable' }

async function identityOf(directory: string): Promise<Identity> {
  try {
    const { dev, ino, birthtimeMs } = await stat(directory) // a new one often gets the number of the old
    return { kind: 'there', id: `${dev}.${ino}.${birthtimeMs}` }
  } catch (error) {
    return { kind: systemCode(error) === 'ENOENT' ? 'missing' : 'unreadable' }
  }
}
