import { constants } from 'node:fs'
import { dirname } from 'node:path'
import type { Disk } from '#outbox/disk.js'

/** A disk in memory that forgets at a power loss what was not synced. */
export interface LosingDisk {
  readonly disk: Disk
  /**
   * The same disk after a power loss: of what was not synced each name and each sector came through or did not, by chance; what is
   * lost of a file that had grown reads as zeros, or the file is short. Descriptors of the old one are of no use any more.
   * @param chance a number in [0, 1)
   */
  afterPowerLoss(chance: () => number): LosingDisk
}

/** A file: its bytes as programs see them, and those that are sure to survive. */
interface Inode {
  now: Buffer
  safe: Buffer
}

type Names = Map<string, Inode>

/** What a disk writes at once. */
const SECTOR_BYTES = 64

/** An empty disk, or one with these files, all of them safe. */
export function losingDisk(files: ReadonlyMap<string, Buffer> = new Map()): LosingDisk {
  const now: Names = new Map()
  for (const [path, bytes] of files) now.set(path, { now: bytes, safe: bytes })
  const safe: Names = new Map(now)
  const open = new Map<number, Inode>()
  let nextFd = 1000

  function inodeOf(fd: number): Inode {
    const inode = open.get(fd)
    if (!inode) throw Object.assign(new Error('EBADF'), { code: 'EBADF' })
    return inode
  }

  function fail(code: string): never {
    throw Object.assign(new Error(code), { code })
  }

  const disk: Disk = {
    async open(path, flags) {
      const known = now.get(path)
      if (!known && (flags & constants.O_CREAT) === 0) fail('ENOENT')
      if (known && (flags & constants.O_EXCL) !== 0) fail('EEXIST')
      const inode = known ?? { now: Buffer.alloc(0), safe: Buffer.alloc(0) }
      now.set(path, inode)
      if ((flags & constants.O_TRUNC) !== 0) inode.now = Buffer.alloc(0)
      nextFd += 1
      open.set(nextFd, inode)
      return nextFd
    },
    async close(fd) {
      open.delete(fd)
    },
    async read(fd, into, position) {
      const bytes = inodeOf(fd).now.subarray(position, position + into.length)
      into.set(bytes)
      return bytes.length
    },
    async write(fd, bytes, position) {
      const inode = inodeOf(fd)
      const grown = Buffer.alloc(Math.max(inode.now.length, position + bytes.length))
      inode.now.copy(grown)
      grown.set(bytes, position)
      inode.now = grown
    },
    async truncate(fd, length) {
      const inode = inodeOf(fd)
      inode.now = Buffer.from(inode.now.subarray(0, length))
    },
    async sync(fd) {
      const inode = inodeOf(fd)
      inode.safe = inode.now
    },
    async syncDirectory(directory) {
      for (const path of new Set([...now.keys(), ...safe.keys()])) {
        if (dirname(path) !== directory) continue
        const inode = now.get(path)
        if (inode) safe.set(path, inode)
        else safe.delete(path)
      }
    },
    async rename(from, to) {
      now.set(to, now.get(from) ?? fail('ENOENT'))
      now.delete(from)
    },
    async unlink(path) {
      if (!now.delete(path)) fail('ENOENT')
    },
    async list(directory) {
      return [...now.keys()]
        .filter((path) => dirname(path) === directory)
        .map((path) => path.slice(directory.length + 1))
    },
    async size(fd) {
      return inodeOf(fd).now.length
    },
  }

  return {
    disk,
    afterPowerLoss(chance) {
      const left = new Map<string, Buffer>()
      for (const path of new Set([...now.keys(), ...safe.keys()])) {
        const inode = (chance() < 0.5 ? now : safe).get(path)
        if (inode) left.set(path, survivor(inode, chance))
      }
      return losingDisk(left)
    },
  }
}

/** What is left of a file: its safe bytes stay where they were not written anew. */
function survivor({ now, safe }: Inode, chance: () => number): Buffer {
  if (now === safe) return now
  const length = chance() < 0.5 ? now.length : safe.length
  const left = Buffer.alloc(length)
  for (let at = 0; at < length; at += SECTOR_BYTES) {
    const end = Math.min(length, at + SECTOR_BYTES)
    const isSame = now.subarray(at, end).equals(safe.subarray(at, end))
    const source = isSame || chance() < 0.5 ? now : safe
    if (at < source.length) source.copy(left, at, at, end)
  }
  return left
}
