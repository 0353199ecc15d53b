import { type Stats, statSync } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { systemCode } from '#errors.js'
import { isOpenFolder, judge, type ScriptFile, type Verdict } from '#script/file.js'

/** An entry of a folder of scripts, judged. */
export interface FoundScript {
  readonly name: string
  /** Where it is, links not followed. */
  readonly file: string
  readonly verdict: Verdict
}

/** The folder of an operation's scripts. */
export function folderOf(directory: string, operation: string): string {
  return path.join(directory, `post-${operation}.d`)
}

/**
 * The scripts for an operation that are to be run or refused, by name. None when there is no folder.
 * @throws the system's error when it cannot be read
 */
export async function readScripts(
  directory: string,
  operation: string,
): Promise<readonly FoundScript[]> {
  const all = await readFolder(folderOf(directory, operation))
  return all.filter(({ verdict }) => verdict.kind === 'run' || verdict.kind === 'refused')
}

/** Everything in a folder, judged, by name. */
export async function readFolder(folder: string): Promise<readonly FoundScript[]> {
  const names = await namesIn(folder)
  return await Promise.all(
    names.toSorted().map(async (name) => {
      const file = path.join(folder, name)
      return { name, file, verdict: judge(await factsOf(name, file)) }
    }),
  )
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

async function factsOf(name: string, file: string): Promise<ScriptFile> {
  try {
    const stats = await stat(file)
    const openFolder = openFolderAbove(file) ?? openFolderAbove(await realpath(file))
    const kind = stats.isFile() ? 'file' : 'other'
    return { name, kind, owner: stats.uid, mode: stats.mode & 0o7777, openFolder }
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return { name, kind: 'missing', owner: 0, mode: 0, openFolder: undefined }
  }
}

/** The first folder above a file that is not root's alone. */
function openFolderAbove(file: string): string | undefined {
  const folders: string[] = []
  for (let at = path.dirname(file); !folders.includes(at); at = path.dirname(at))
    folders.unshift(at)
  return folders.find((folder) => isOpen(statSync(folder)))
}

function isOpen({ uid, mode }: Stats): boolean {
  return isOpenFolder({ owner: uid, mode })
}
