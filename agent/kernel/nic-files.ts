import {
  closeSync,
  fchmodSync,
  fchownSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { systemCode } from '#errors.js'

/* Synchronously: a start waits for these few small files, and each promise of Node's would cost as much as its file. */

/**
 * Writes a binding so that its reader sees the old one or the new one: 0640, of the group that the folder has, temp and rename.
 *
 * @throws the system's error
 */
export function writeBinding(directory: string, tap: string, text: string): void {
  const { gid } = statSync(directory)
  replaceFile(path.join(directory, `${tap}.json`), { text, mode: 0o640, gid })
}

/** Removes a binding; that there is none is fine. */
export function removeBinding(directory: string, tap: string): void {
  rmSync(path.join(directory, `${tap}.json`), { force: true })
}

/**
 * Writes the record of a NIC, which only root sees. It is not made to survive a power cut: then the tap is gone as well.
 *
 * @throws the system's error
 */
export function writeRecord(directory: string, tap: string, text: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  replaceFile(path.join(directory, `${tap}.json`), { text, mode: 0o600, gid: 0 })
}

/** The text of a record; undefined when there is none. */
export function readRecord(directory: string, tap: string): string | undefined {
  try {
    return readFileSync(path.join(directory, `${tap}.json`), 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** What tells one version of a record from another; undefined when there is none. Each version is a file of its own. */
export function stampOfRecord(directory: string, tap: string): string | undefined {
  const stats = statSync(path.join(directory, `${tap}.json`), { throwIfNoEntry: false })
  return stats && `${stats.ino} ${stats.ctimeMs} ${stats.size}`
}

/** Removes a record; that there is none is fine. */
export function removeRecord(directory: string, tap: string): void {
  rmSync(path.join(directory, `${tap}.json`), { force: true })
}

/**
 * Writes the compiled configuration, on disk when it returns: an empty one after a power cut would keep every guest from starting.
 *
 * @throws the system's error
 */
export function writeCompiledFile(file: string, text: string): void {
  replaceFile(file, { text, mode: 0o600, gid: 0, isSynced: true })
}

interface NewFile {
  readonly text: string
  readonly mode: number
  readonly gid: number
  readonly isSynced?: boolean
}

/** Temp and rename; the mode holds whatever Ganeti's umask is. */
function replaceFile(file: string, { text, mode, gid, isSynced = false }: NewFile): void {
  const temp = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`)
  try {
    const handle = openSync(temp, 'w', 0o600)
    try {
      writeFileSync(handle, text)
      fchownSync(handle, 0, gid)
      fchmodSync(handle, mode)
      if (isSynced) fdatasyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(temp, file)
  } catch (error) {
    rmSync(temp, { force: true })
    throw error
  }
}
