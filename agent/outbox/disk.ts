import * as fs from 'node:fs'
import { promisify } from 'node:util'

/**
 * What the outbox asks of a file system, and nothing else, so that a test can count, delay or fail every call.
 * All reject with Node's system errors. Plain descriptors and callbacks: a `FileHandle` costs a second round of
 * promises per call, and an append is two calls.
 */
export interface Disk {
  open(path: string, flags: number, mode: number): Promise<number>
  close(fd: number): Promise<void>
  /** Reads into the whole of `into`, fewer bytes only at the end of the file. */
  read(fd: number, into: Uint8Array, position: number): Promise<number>
  /** Writes all of `bytes`; after a rejection any part of them may be in the file. */
  write(fd: number, bytes: Uint8Array, position: number): Promise<void>
  truncate(fd: number, length: number): Promise<void>
  /** fdatasync: the bytes and the length of the file survive a power loss. */
  sync(fd: number): Promise<void>
  /** fsync on a directory: names made, renamed or removed in it survive a power loss. */
  syncDirectory(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  list(path: string): Promise<readonly string[]>
  /** Size in bytes, also of a file whose name is gone. */
  size(fd: number): Promise<number>
}

/** Private to the role that writes the outbox, whatever umask we were started with. */
export const FILE_MODE = 0o600

/** Private to the role that writes the outbox. */
export const DIRECTORY_MODE = 0o700

const open = promisify(fs.open)
const close = promisify(fs.close)

/** The real file system. */
export const nodeDisk: Disk = {
  open: (path, flags, mode) => open(path, flags, mode),
  close: (fd) => close(fd),
  async read(fd, into, position) {
    let done = 0
    while (done < into.length) {
      const count = await readSome(fd, into.subarray(done), position + done)
      if (count === 0) break
      done += count
    }
    return done
  },
  async write(fd, bytes, position) {
    // A disk that fills up takes a part first and says ENOSPC only to the next call.
    let done = 0
    while (done < bytes.length) done += await writeSome(fd, bytes.subarray(done), position + done)
  },
  truncate: promisify(fs.ftruncate),
  sync: promisify(fs.fdatasync),
  async syncDirectory(path) {
    const fd = await open(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
    try {
      await promisify(fs.fsync)(fd)
    } finally {
      await close(fd)
    }
  },
  rename: promisify(fs.rename),
  unlink: promisify(fs.unlink),
  list: (path) => promisify(fs.readdir)(path),
  size: async (fd) => (await promisify(fs.fstat)(fd)).size,
}

function readSome(fd: number, into: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, into, 0, into.length, position, (error, count) => {
      if (error) reject(error)
      else resolve(count)
    })
  })
}

function writeSome(fd: number, bytes: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(fd, bytes, 0, bytes.length, position, (error, count) => {
      if (error) reject(error)
      else resolve(count)
    })
  })
}
