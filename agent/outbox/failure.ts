import { AgentError, systemCode } from '#errors.js'

/** What a disk that refuses to be written means for the outbox: an `OUTBOX_WRITE` that names the cure. */
export function writeFailure(dir: string, cause: unknown): AgentError {
  const code = systemCode(cause)
  const what = code ?? (cause instanceof Error ? cause.message : String(cause))
  const cure = CURES[code ?? ''] ?? 'see the kernel log'
  return new AgentError('OUTBOX_WRITE', `cannot write the outbox ${dir}: ${what}; ${cure}`, {
    cause,
  })
}

const CURES: Readonly<Partial<Record<string, string>>> = {
  ENOSPC: 'the disk is full: free some space, nothing is lost meanwhile',
  EDQUOT: 'the quota is used up: raise it, nothing is lost meanwhile',
  EROFS: 'the file system is read-only: see the kernel log, then remount it',
  EIO: 'the disk fails: see the kernel log',
  EACCES: 'it must belong to the user of the events role, mode 0700',
  EPERM: 'it must belong to the user of the events role, mode 0700',
  EMFILE: 'too many open files: raise LimitNOFILE',
}
