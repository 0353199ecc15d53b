import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { systemCode } from '#errors.js'

/**
 * Writes a binding so that its reader sees the old one or the new one: 0640, of the group that the folder has, temp and rename.
 *
 * @throws the system's error
 */
export async function writeBinding(directory: string, tap: string, text: string): Promise<void> {
  const { gid } = await stat(directory)
  await replaceFile(path.join(directory, `${tap}.json`), { text, mode: 0o640, gid })
}

/** Removes a binding; that there is none is fine. */
export async function removeBinding(directory: string, tap: string): Promise<void> {
  await rm(path.join(directory, `${tap}.json`), { force: true })
}

/**
 * Writes the record of a NIC, which only root sees. It is not made to survive a power cut: then the tap is gone as well.
 *
 * @throws the system's error
 */
export async function writeRecord(directory: string, tap: string, text: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await replaceFile(path.join(directory, `${tap}.json`), { text, mode: 0o600, gid: 0 })
}

/** The text of a record; undefined when there is none. */
export async function readRecord(directory: string, tap: string): Promise<string | undefined> {
  try {
    return await readFile(path.join(directory, `${tap}.json`), 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Removes a record; that there is none is fine. */
export async function removeRecord(directory: string, tap: string): Promise<void> {
  await rm(path.join(directory, `${tap}.json`), { force: true })
}

/**
 * Writes the compiled configuration, on disk when it resolves: an empty one after a power cut would keep every guest from starting.
 *
 * @throws the system's error
 */
export async function writeCompiledFile(file: string, text: string): Promise<void> {
  await replaceFile(file, { text, mode: 0o600, gid: 0, isSynced: true })
}

interface NewFile {
  readonly text: string
  readonly mode: number
  readonly gid: number
  readonly isSynced?: boolean
}

/** Temp and rename; the mode holds whatever Ganeti's umask is. */
async function replaceFile(
  file: string,
  { text, mode, gid, isSynced = false }: NewFile,
): Promise<void> {
  const temp = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`)
  try {
    {
      await using handle = await open(temp, 'w', 0o600)
      await handle.writeFile(text)
      await handle.chown(0, gid)
      await handle.chmod(mode)
      if (isSynced) await handle.datasync()
    }
    await rename(temp, file)
  } catch (error) {
    await rm(temp, { force: true })
    throw error
  }
}
