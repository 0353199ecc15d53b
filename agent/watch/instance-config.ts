import { open } from 'node:fs/promises'
import path from 'node:path'
import { createInstanceConfigFinder, type FoundInstances } from '#ganeti/instance-config-finder.js'

/** A reading of `config.data`. */
export interface ConfigReading {
  /** What identifies the version that was read: Ganeti replaces the file, it never changes it. */
  readonly version: string
  readonly found: FoundInstances
}

/** How much is read and scanned at once: a few milliseconds. */
const sliceBytes = 256 * 1024

/**
 * Reads these instances out of `config.data`, slice by slice, so that others get their turn; only master candidates have it.
 * @param except a version that need not be read again
 * @returns `same` for that version, undefined when the file is missing, may not be read, or is not whole
 */
export async function readInstanceConfigs(
  dataDirectory: string,
  names: ReadonlySet<string>,
  { except, signal }: { readonly except: string | undefined; readonly signal: AbortSignal },
): Promise<ConfigReading | 'same' | undefined> {
  try {
    await using file = await open(path.join(dataDirectory, 'config.data'))
    const { ino, size, mtimeNs } = await file.stat({ bigint: true })
    const version = `${ino}.${size}.${mtimeNs}`
    if (version === except) return 'same'
    const finder = createInstanceConfigFinder(names)
    const slice = Buffer.allocUnsafe(sliceBytes)
    while (!signal.aborted) {
      const { bytesRead } = await file.read(slice, 0, slice.length)
      if (bytesRead === 0) {
        const found = finder.end()
        return found && { version, found }
      }
      finder.write(slice.subarray(0, bytesRead))
    }
    return undefined
  } catch {
    return undefined
  }
}
