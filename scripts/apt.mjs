// @ts-check
import { runChild } from './children.mjs'
import { findHeaders } from './headers.mjs'
import { StageError } from './stages.mjs'
import { hasTool, TOOLS } from './tools.mjs'

/** @typedef {import('./stages.mjs').StageContext} StageContext */
/** @typedef {import('./tools.mjs').Purpose} Purpose */

const APT_ENV = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' }
const WAIT_FOR_OTHERS = ['-o', 'DPkg::Lock::Timeout=300']
const INSTALL = ['install', '-q', '-y', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0']

/**
 * The Debian packages that are missing, by purpose; purposes that lack nothing are left out.
 * @param {readonly Purpose[]} purposes
 * @returns {ReadonlyMap<Purpose, readonly string[]>}
 */
export function missingPackages(purposes) {
  /** @type {Map<Purpose, readonly string[]>} */
  const missing = new Map()
  for (const purpose of purposes) {
    const names = TOOLS[purpose].filter((tool) => !hasTool(tool)).map((tool) => tool.package)
    if (purpose === 'build' && findHeaders() === undefined) names.push('libnode-dev')
    if (names.length > 0) missing.set(purpose, names)
  }
  return missing
}

/**
 * `shellcheck clang-format (checks), g++ (build)`: what is missing, and what for.
 * @param {ReadonlyMap<Purpose, readonly string[]>} missing
 */
export function missingText(missing) {
  return [...missing].map(([purpose, names]) => `${names.join(' ')} (${purpose})`).join(', ')
}

/**
 * Installs missing packages with apt-get; its lists are only updated when they do not know a package,
 * or know one that the mirror no longer has.
 * @param {ReadonlyMap<Purpose, readonly string[]>} missing
 * @param {StageContext} context
 */
export async function installPackages(missing, { say, signal }) {
  const names = [...new Set([...missing.values()].flat())]
  let known = await candidates(names, signal)
  const isStale = names.some((name) => !known.has(name))
  if (isStale) {
    say('apt-get update')
    await update(signal)
    known = await candidates(names, signal)
    const unknown = names.filter((name) => !known.has(name))
    if (unknown.length > 0) throw new StageError(`apt knows no ${unknown.join(', ')}`)
  }
  if (names.includes('libnode-dev')) mustFit(known.get('libnode-dev'))
  say(`apt-get install ${missingText(missing)}`)
  let end = await aptGet([...INSTALL, ...names], signal)
  if (end.code !== 0 && !isStale) {
    say('apt-get update, and again')
    await update(signal)
    end = await aptGet([...INSTALL, ...names], signal)
  }
  must(end, `apt-get install ${names.join(' ')}`)
}

/** @param {AbortSignal} signal */
async function update(signal) {
  must(await aptGet(['update', '-q'], signal), 'apt-get update')
}

/** @param {readonly string[]} args @param {AbortSignal} signal */
function aptGet(args, signal) {
  const options = [...WAIT_FOR_OTHERS, ...args]
  return runChild({ command: 'apt-get', args: options, env: APT_ENV, signal, isFragile: true })
}

/**
 * @param {import('./children.mjs').End} end
 * @param {string} what
 */
function must({ code, by, output }, what) {
  if (code !== 0) throw new StageError(`${what} ended with ${by ?? code}`, output)
}

/**
 * The versions that apt would install, without the packages it does not know. (apt takes an unknown
 * `g++` for a pattern, and answers for hundreds of others.)
 * @param {readonly string[]} names
 * @param {AbortSignal} signal
 * @returns {Promise<ReadonlyMap<string, string>>}
 */
async function candidates(names, signal) {
  const args = ['policy', ...names]
  const { output } = await runChild({ command: 'apt-cache', args, env: APT_ENV, signal })
  /** @type {Map<string, string>} */
  const found = new Map()
  for (const [, name, version] of output.matchAll(/^(\S+):\n.*\n {2}Candidate: (.*)$/gm)) {
    if (name !== undefined && version !== undefined && version !== '(none)')
      found.set(name, version)
  }
  return found
}

/** Debian's headers must be those of the Node that runs. @param {string | undefined} version */
function mustFit(version) {
  const major = process.versions.node.split('.')[0]
  if (version?.split('.')[0] === major) return
  throw new StageError(
    `${process.execPath} came without headers (include/node/node_api.h) for the native addon, and ` +
      `this Debian has none of Node ${major}: take a Node that ships them`,
  )
}
