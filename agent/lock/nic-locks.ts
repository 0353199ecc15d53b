import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Result } from '#result.js'
import { type FileLock, type LockProblem, lockFile } from './file-lock.js'

/**
 * Takes the lock of a tap, which `nic up`, `nic down` and repair hold while they change anything of it.
 *
 * The files are in a folder of their own: that of a role goes when its unit stops.
 * @param options.waitMs how long another holder is waited for; 0 (repair) for not at all
 */
export function lockTap(options: LockOptions): Promise<Result<FileLock, LockProblem>> {
  return lockName('taps', options)
}

/** Takes the lock of a bridge that is made for its first tap and goes with its last. Taken after that of the tap. */
export function lockBridge(options: LockOptions): Promise<Result<FileLock, LockProblem>> {
  return lockName('bridges', options)
}

interface LockOptions {
  /** `/run/okeanid` */
  readonly runtimeDirectory: string
  /** Of the interface. */
  readonly name: string
  readonly waitMs: number
  readonly tryLock?: ((fd: number) => boolean) | undefined
}

function lockName(
  kind: 'taps' | 'bridges',
  { runtimeDirectory, name, waitMs, tryLock }: LockOptions,
): Promise<Result<FileLock, LockProblem>> {
  const folder = path.join(runtimeDirectory, 'locks', kind)
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  return lockFile(path.join(folder, name), { mode: 0o600, waitMs, tryLock })
}
