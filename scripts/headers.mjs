// @ts-check
import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The prefix whose include/node fits the Node that runs: what node-gyp calls nodedir. `undefined` when
 * there is none (Debian's nodejs without libnode-dev), for node-gyp would then download the headers.
 * @returns {string | undefined}
 */
export function findHeaders() {
  const own = dirname(dirname(realpathSync(process.execPath)))
  return [own, '/usr'].find((prefix) => fits(join(prefix, 'include', 'node')))
}

/** @param {string} folder */
function fits(folder) {
  try {
    readFileSync(join(folder, 'node_api.h'))
    const text = readFileSync(join(folder, 'node_version.h'), 'utf8')
    const major = /^#define NODE_MAJOR_VERSION (\d+)$/m.exec(text)?.[1]
    return major === process.versions.node.split('.')[0]
  } catch {
    return false
  }
}
