import { loadAddon } from '#kernel/native.js'

/** How a lock is taken without a process; undefined without the addon, which nothing of a NIC's set-up depends on. */
export function tryLock(): ((fd: number) => boolean) | undefined {
  try {
    return loadAddon().tryLock
  } catch {
    return undefined
  }
}
