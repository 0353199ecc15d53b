import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { StartFacts } from '#doctor/start-findings.js'
import { systemCode } from '#errors.js'
import type { NodeConfig } from '#service/node-config.js'
import { usualFolders } from './nic-places.js'

/** Where the package has the script of `nic up`. */
const installedBundle = '/usr/lib/okeanid/dist/nic.cjs'

/** What `nic up` goes by on this host: {@link HookPlaces.root}. */
export function readStartFacts(root: string, { agent }: Pick<NodeConfig, 'agent'>): StartFacts {
  const folders = [
    { key: 'state_directory', folder: agent.state_directory, usual: usualFolders.state },
    { key: 'runtime_directory', folder: agent.runtime_directory, usual: usualFolders.runtime },
  ]
  return {
    bytecode: readBytecode(root),
    movedFolders: folders.filter(({ folder, usual }) => folder !== usual),
  }
}

/** scripts/bundle-hook.mjs says how the files are named. */
function readBytecode(root: string): StartFacts['bytecode'] {
  const bundle = path.join(root, installedBundle)
  try {
    const [, script] = /\$\{__dirname\}\/([\w-]+)`/.exec(readFileSync(bundle, 'utf8')) ?? []
    if (script === undefined) return undefined
    const cache = `${script}-${process.version}-${process.arch}.cache`
    return { bundle, isThere: existsSync(path.join(path.dirname(bundle), cache)) }
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return undefined // not installed here
  }
}
