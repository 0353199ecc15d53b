import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const marker = 'okeanid-space-'

/**
 * Makes a folder for files that programs of this process use; its path is short enough for sockets. Folders of processes that
 * were killed before they could remove theirs are removed first.
 */
export function temporaryFolder(name: string, parent = tmpdir()): string {
  for (const entry of readdirSync(parent)) {
    const pid = /^okeanid-space-(\d+)-/.exec(entry)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(path.join(parent, entry), { recursive: true, force: true })
  }
  return mkdtempSync(path.join(parent, `${marker}${process.pid}-${name}-`))
}
