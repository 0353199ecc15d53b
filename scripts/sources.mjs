// @ts-check
import { existsSync, lstatSync } from 'node:fs'
import { mustRun } from './children.mjs'

/**
 * The files of the work tree that git knows or would add, without fixtures and symbolic links.
 * @param {AbortSignal} signal
 * @returns {Promise<readonly string[]>}
 */
export async function listSources(signal) {
  // a clone that belongs to another user is fine: we only list it
  const args = ['-c', 'safe.directory=*', 'ls-files', '--cached', '--others', '--exclude-standard']
  const output = await mustRun({
    command: 'git',
    args: ['-c', 'core.quotePath=off', ...args],
    signal,
  })
  return output
    .split('\n')
    .filter((path) => path !== '' && !/(^|\/)fixtures\//.test(path))
    .filter((path) => existsSync(path) && lstatSync(path).isFile())
}
