import { open, readFile, rename } from 'node:fs/promises'
import path from 'node:path'
import { systemCode } from '#errors.js'

/**
 * Reads a JSON file that {@link saveState} wrote.
 *
 * @returns undefined when there is none; a file that is no JSON is moved to `<file>.damaged` and counts as none,
 * with `wasDamaged`
 */
export async function loadState(
  file: string,
): Promise<{ readonly value: unknown; readonly wasDamaged: boolean }> {
  try {
    return { value: JSON.parse(await readFile(file, 'utf8')) as unknown, wasDamaged: false }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { value: undefined, wasDamaged: false }
    if (!(error instanceof SyntaxError)) throw error
    await rename(file, `${file}.damaged`)
    return { value: undefined, wasDamaged: true }
  }
}

/** How far a save has come: bytes written, bytes on disk, under its name, name on disk. */
export type SaveStep = 'written' | 'synced' | 'renamed' | 'done'

/** Writes a value as JSON so that a crash leaves the old file or the new one: temp file, fsync, rename, fsync of the folder. */
export async function saveState(
  file: string,
  value: unknown,
  onStep: (step: SaveStep) => void = () => {},
): Promise<void> {
  const temp = `${file}.new`
  {
    await using handle = await open(temp, 'w', 0o600)
    await handle.writeFile(JSON.stringify(value))
    onStep('written')
    await handle.datasync()
    onStep('synced')
  }
  await rename(temp, file)
  onStep('renamed')
  await using directory = await open(path.dirname(file))
  await directory.sync()
  onStep('done')
}
