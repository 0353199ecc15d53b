import { spawn } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { err, ok, type Result } from '#result.js'

/** A lock that is held. */
export interface FileLock {
  /** Lets go; a second call does nothing. */
  close(): void
}

/** Why a lock is not ours: another process has it, or flock(1) does not run here. */
export type LockProblem =
  | { readonly kind: 'held'; readonly holder: string }
  | { readonly kind: 'no-flock' }

/** How a lock is taken. */
export interface LockFileOptions {
  /** Of a file that is made. */
  readonly mode: number
  readonly waitMs?: number
  readonly tryLock?: ((fd: number) => boolean) | undefined
}

/**
 * Takes the lock of a file, which is made when it is not there.
 *
 * The lock is flock(2), so the kernel lets go of it when we die, however we die: there is no stale lock, no pid to compare and
 * nothing to take over, which is where every scheme of lock files has its race. Node cannot call flock, but the lock belongs to
 * the open file and not to the process that took it: flock(1) (util-linux, essential in Debian) takes it on the descriptor it
 * inherits and exits; the lock stays until our descriptor is closed. Our other children do not inherit it (O_CLOEXEC). The file
 * must never be removed: a lock on a removed name excludes nobody. The pid in it is for people.
 *
 * @param options.waitMs how long another holder is waited for; 0 for not at all
 * @param options.tryLock takes the lock of a descriptor if it is free, as the native addon can: that saves a process
 * @throws the system's error when the file cannot be opened
 */
export async function lockFile(
  file: string,
  { mode, waitMs = 0, tryLock }: LockFileOptions,
): Promise<Result<FileLock, LockProblem>> {
  const handle = openSync(file, 'a+', mode)
  const status = tryLock?.(handle) === true ? 0 : await runFlock(handle, waitMs)
  if (status !== 0) {
    const holder = readFileSync(handle, 'utf8').trim()
    closeSync(handle)
    return err(status === 1 ? { kind: 'held', holder } : { kind: 'no-flock' })
  }
  try {
    ftruncateSync(handle, 0)
    writeSync(handle, `${process.pid}\n`)
  } catch {
    // a full disk or a read-only one: the pid is only a courtesy, the lock holds without it
  }
  let isHeld = true
  return ok({
    close() {
      if (isHeld) closeSync(handle)
      isHeld = false
    },
  })
}

const CANNOT_RUN = -1

function runFlock(fd: number, waitMs: number): Promise<number> {
  const patience = waitMs === 0 ? ['-n'] : ['-w', (waitMs / 1000).toFixed(3)]
  return new Promise((resolve) => {
    const child = spawn('flock', [...patience, '3'], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
      env: { PATH: '/usr/bin:/bin:/usr/local/bin' },
    })
    child.once('error', () => resolve(CANNOT_RUN))
    child.once('exit', (status) => resolve(status ?? CANNOT_RUN))
  })
}
