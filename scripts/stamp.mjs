// @ts-check
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Digest of files' names and bytes; a folder stands for all files below it.
 * @param {readonly string[]} paths files or folders that exist
 * @param {(path: string) => boolean} [isLeftOut]
 * @returns {string}
 */
export function digestFiles(paths, isLeftOut = () => false) {
  const hash = createHash('sha256')
  for (const path of paths.flatMap((start) => [...filesBelow(start, isLeftOut)])) {
    const bytes = readFileSync(path)
    hash.update(`${path}\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest('hex')
}

/**
 * The text of a file, or `undefined` when it cannot be read.
 * @param {string} path
 */
export function readStamp(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** @param {string} path @param {string} text */
export function writeStamp(path, text) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/**
 * The files below a folder in name order, or the file itself.
 * @param {string} start
 * @param {(path: string) => boolean} [isLeftOut]
 * @returns {Generator<string>}
 */
export function* filesBelow(start, isLeftOut = () => false) {
  /** @type {string[]} */
  let names
  try {
    names = readdirSync(start).sort()
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code
    if (code === 'ENOTDIR') yield start
    if (code === 'ENOTDIR' || code === 'ENOENT') return
    throw error
  }
  for (const name of names) {
    const path = join(start, name)
    if (!isLeftOut(path)) yield* filesBelow(path, isLeftOut)
  }
}
