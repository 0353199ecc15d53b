import { mkdir, readdir, readFile, rename, unlink } from 'node:fs/promises'
import path from 'node:path'
import { systemCode } from '#errors.js'

/** A hook on disk that has not come to its end. */
export interface QueuedHook {
  readonly number: number
  readonly text: string
}

/** Hooks that were taken from the spool, one file each, in the order in which they were taken. */
export interface ScriptQueue {
  /** Those of before. */
  load(): Promise<readonly QueuedHook[]>
  /** Whether this one has not come to its end. */
  has(number: number): boolean
  /** Takes a file of the spool, which is renamed: it is in one place or the other, whatever happens. */
  take(file: string): Promise<number>
  /** This one has come to its end. */
  remove(number: number): Promise<void>
}

/** Digits of a number in a file's name, so that names sort. */
const digits = 15

/**
 * Opens the queue, a folder on the same file system as the spool.
 * @param firstNumber no number below is given, for others remember what they were given for
 */
export async function openScriptQueue(
  directory: string,
  firstNumber: number,
): Promise<ScriptQueue> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const names = (await readdir(directory)).filter((name) => /^\d{15}$/.test(name)).toSorted()
  const open = new Set(names.map(Number))
  let next = Math.max(firstNumber, Number(names.at(-1) ?? 0) + 1)
  const fileOf = (number: number): string =>
    path.join(directory, String(number).padStart(digits, '0'))
  return {
    load: () =>
      Promise.all(
        names.map(async (name) => ({
          number: Number(name),
          text: await readFile(path.join(directory, name), 'utf8'),
        })),
      ),
    has: (number) => open.has(number),
    async take(file) {
      const number = next++
      await rename(file, fileOf(number))
      open.add(number)
      return number
    },
    async remove(number) {
      try {
        await unlink(fileOf(number))
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw error
      }
      open.delete(number)
    },
  }
}
