import { type Disk, nodeDisk } from '#outbox/disk.js'

/** A real disk that counts, and fails or pauses the calls that a test names. */
export interface FakeDisk {
  readonly disk: Disk
  /** How often each call was made. */
  count(call: keyof Disk): number
  bytesRead(): number
  /** The next call of this name rejects with this system code; a write leaves half of its bytes behind. */
  failNext(call: keyof Disk, code: string): void
  /** Calls of this name wait until the answered function is called. */
  hold(call: keyof Disk): () => void
}

export function fakeDisk(): FakeDisk {
  const counts = new Map<string, number>()
  const failures = new Map<string, string[]>()
  const gates = new Map<string, Promise<void>>()
  let bytesRead = 0

  async function before(call: keyof Disk): Promise<void> {
    counts.set(call, (counts.get(call) ?? 0) + 1)
    await gates.get(call)
    const code = failures.get(call)?.shift()
    if (code !== undefined) throw Object.assign(new Error(`${code}: made up`), { code })
  }

  const disk: Disk = {
    open: async (path, flags, mode) => {
      await before('open')
      return nodeDisk.open(path, flags, mode)
    },
    close: (fd) => nodeDisk.close(fd),
    async read(fd, into, position) {
      await before('read')
      const bytes = await nodeDisk.read(fd, into, position)
      bytesRead += bytes
      return bytes
    },
    async write(fd, bytes, position) {
      try {
        await before('write')
      } catch (error) {
        await nodeDisk.write(fd, bytes.subarray(0, bytes.length / 2), position)
        throw error
      }
      await nodeDisk.write(fd, bytes, position)
    },
    truncate: async (fd, length) => {
      await before('truncate')
      await nodeDisk.truncate(fd, length)
    },
    sync: async (fd) => {
      await before('sync')
      await nodeDisk.sync(fd)
    },
    syncDirectory: async (path) => {
      await before('syncDirectory')
      await nodeDisk.syncDirectory(path)
    },
    rename: async (from, to) => {
      await before('rename')
      await nodeDisk.rename(from, to)
    },
    unlink: async (path) => {
      await before('unlink')
      await nodeDisk.unlink(path)
    },
    list: (path) => nodeDisk.list(path),
    size: async (fd) => {
      await before('size')
      return nodeDisk.size(fd)
    },
  }

  return {
    disk,
    count: (call) => counts.get(call) ?? 0,
    bytesRead: () => bytesRead,
    failNext(call, code) {
      failures.set(call, [...(failures.get(call) ?? []), code])
    },
    hold(call) {
      let release = () => {}
      gates.set(
        call,
        new Promise((resolve) => {
          release = () => {
            gates.delete(call)
            resolve()
          }
        }),
      )
      return release
    },
  }
}
