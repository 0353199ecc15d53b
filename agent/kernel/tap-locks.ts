import { closeSync, mkdirSync, openSync } from 'node:fs'
import path from 'node:path'
import { loadAddon } from './native.js'

/** Locks of several taps. */
export interface TapLocks {
  /** Taps whose lock another process holds: nic up or down is at work there. */
  readonly held: ReadonlySet<string>
  close(): void
}

/**
 * Takes the locks of many taps at once, those that are free: the same ones as `lock/nic-locks.ts`, by the addon instead of a process for
 * each.
 *
 * @throws the system's error when a file cannot be opened
 */
export function lockTaps(runtimeDirectory: string, taps: Iterable<string>): TapLocks {
  const { tryLock } = loadAddon()
  const folder = path.join(runtimeDirectory, 'locks', 'taps')
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const held = new Set<string>()
  const files: number[] = []
  for (const tap of taps) {
    const file = openSync(path.join(folder, tap), 'a+', 0o600)
    if (tryLock(file)) files.push(file)
    else {
      closeSync(file)
      held.add(tap)
    }
  }
  return {
    held,
    close() {
      for (const file of files.splice(0)) closeSync(file)
    },
  }
}
