import { join } from 'node:path'
import { AgentError } from '#errors.js'
import { type FileLock, lockFile } from '#lock/file-lock.js'
import { FILE_MODE } from './disk.js'

/** Takes the writer's lock of a directory: its file `lock`; or rejects at once with `OUTBOX_LOCKED`. */
export async function lockDirectory(dir: string): Promise<FileLock> {
  const lock = await lockFile(join(dir, 'lock'), { mode: FILE_MODE })
  if (lock.ok) return lock.value
  const by = lock.problem
  throw new AgentError(
    'OUTBOX_LOCKED',
    by.kind === 'no-flock'
      ? `cannot lock the outbox ${dir}: flock(1) did not run; install util-linux`
      : `the outbox ${dir} is written by another process${by.holder === '' ? '' : ` (pid ${by.holder})`}; stop that one first`,
  )
}
