// @ts-check
import { readFileSync } from 'node:fs'

const DEBIAN_VERSIONS = ['12', '13']

/**
 * What setup may do on this machine. `canInstall`: apt packages, and so the lab, the broker and the demo.
 * `isStrict` (CI=true or REQUIRE_LAB=1): whatever is missing is a failure.
 * @typedef {{ readonly name: string, readonly canInstall: boolean, readonly isStrict: boolean }} Host
 */

/**
 * Reads what machine this is. Never throws: an unknown system is one where nothing is installed.
 * @returns {Host}
 */
export function readHost() {
  const { id, version, name } = readOsRelease()
  const isDebian =
    process.platform === 'linux' && id === 'debian' && DEBIAN_VERSIONS.includes(version)
  const isRoot = process.getuid?.() === 0
  return {
    name: `${name}, ${isRoot ? 'root' : `user ${process.getuid?.() ?? '?'}`}, Node ${process.versions.node}`,
    canInstall: isDebian && isRoot,
    isStrict: process.env['CI'] === 'true' || process.env['REQUIRE_LAB'] === '1',
  }
}

/**
 * The one sentence for a machine where nothing may be installed: what is missing, what still works.
 * @param {Host} host
 */
export function limitsSentence({ name }) {
  return (
    `${name}: only root on Debian 12 or 13 gets apt packages, the lab, the broker and the demo; ` +
    'npm packages, build, lint and unit tests run here, as far as their tools are installed.'
  )
}

/** @returns {{ id: string, version: string, name: string }} */
function readOsRelease() {
  const fields = new Map()
  for (const line of readText('/etc/os-release').split('\n')) {
    const [, key, value] = /^([A-Z_]+)=["']?(.*?)["']?$/.exec(line) ?? []
    fields.set(key, value)
  }
  return {
    id: fields.get('ID') ?? '',
    version: fields.get('VERSION_ID') ?? '',
    name: fields.get('PRETTY_NAME') ?? process.platform,
  }
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
