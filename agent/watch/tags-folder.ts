import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { systemCode } from '#errors.js'

/** What is put into a folder of newest states, one file an instance. */
export interface NewestFile {
  readonly directory: string
  readonly name: string
  readonly text: string
  /** Of what the text tells: Unix time. */
  readonly timeSeconds: number
}

/**
 * Puts the newest state of something into a file, whole or not at all; false when the file has a newer one, or the same.
 * @throws Error with `code` when the folder cannot be made or written
 */
export async function keepNewest({
  directory,
  name,
  text,
  timeSeconds,
}: NewestFile): Promise<boolean> {
  const file = path.join(directory, name)
  if ((await timeOf(file)) >= timeSeconds) return false
  await mkdir(directory, { recursive: true, mode: 0o750 })
  const temporary = path.join(directory, `.new-${name}`)
  await writeFile(temporary, text, { mode: 0o640 })
  await rename(temporary, file)
  return true
}

/** The time in a file; minus infinity where there is none that can be read. */
async function timeOf(file: string): Promise<number> {
  try {
    const { time } = JSON.parse(await readFile(file, 'utf8')) as { readonly time?: unknown }
    return typeof time === 'number' ? time : Number.NEGATIVE_INFINITY
  } catch (error) {
    const isReadable = error instanceof SyntaxError || systemCode(error) === 'ENOENT'
    if (isReadable) return Number.NEGATIVE_INFINITY
    throw error
  }
}
