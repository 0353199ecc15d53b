// @ts-check
import { readFileSync } from 'node:fs'
import { mustRun } from './children.mjs'
import { findHeaders } from './headers.mjs'
import { ROOT } from './program.mjs'
import { digestFiles, readStamp, writeStamp } from './stamp.mjs'

/** @typedef {import('./stages.mjs').StageContext} StageContext */
/** @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage */
/** @typedef {{ packages?: Record<string, LockedPackage> }} Lock */

// Both lie in node_modules, so that they are gone when it is.
const ABI_STAMP = 'node_modules/.okeanid/abi'
const PLUGINS_STAMP = 'node_modules/.okeanid/plugins'
const INSTALL = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']

/**
 * Makes node_modules what package-lock.json says, unless it is already. A node_modules that somebody
 * else made from this lock is taken as it is.
 * @param {StageContext} context
 */
export async function installModules({ say, signal }) {
  const abi = process.versions.modules
  const why = whyInstall(abi)
  if (why === undefined) {
    if (readStamp(ABI_STAMP) === undefined) writeStamp(ABI_STAMP, abi)
    return { note: 'node_modules is what package-lock.json says' }
  }
  say(`npm ci, because ${why}`)
  const nodedir = findHeaders()
  // node-gyp would download the headers; npm 11 warns about the setting, older ones need it here
  const env = {
    ...process.env,
    JOBS: 'max', // node-gyp's: SQLite is the longest part of it all
    ...(nodedir === undefined ? {} : { npm_config_nodedir: nodedir }),
  }
  await mustRun({ command: 'npm', args: INSTALL, env, signal })
  writeStamp(ABI_STAMP, abi)
  return { note: 'npm packages installed' }
}

/**
 * Builds tap with the plugins of .taprc: without this, the first run after `npm ci` fails, for tap then
 * does it while it runs. (Not an npm `prepare` script: that would break production installs.)
 * @param {StageContext} context
 */
export async function buildPlugins({ say, signal }) {
  // what tap builds names the work tree's folder, so it does not survive a copy of the tree
  const stamp = `${digestFiles(['.taprc', 'package-lock.json'])} ${ROOT}`
  if (readStamp(PLUGINS_STAMP) === stamp) return { note: "tap's plugins are built" }
  say('tap build')
  await mustRun({ command: process.execPath, args: ['node_modules/.bin/tap', 'build'], signal })
  writeStamp(PLUGINS_STAMP, stamp)
  return { note: "tap's plugins built" }
}

/** @param {string} abi @returns {string | undefined} why node_modules must be made anew */
function whyInstall(abi) {
  const wanted = readLock('package-lock.json')
  const present = readLock('node_modules/.package-lock.json')
  if (wanted === undefined) return 'package-lock.json cannot be read'
  if (present === undefined) return 'there is no node_modules'
  const built = readStamp(ABI_STAMP)
  if (built !== undefined && built !== abi) return 'node_modules was made for another Node'
  for (const [path, { version, integrity, optional }] of Object.entries(wanted)) {
    const found = present[path]
    if (path === '' || (found === undefined && optional)) continue
    if (found?.version !== version || found?.integrity !== integrity) {
      return `${path} is not what package-lock.json says`
    }
  }
  const extra = Object.keys(present).find((path) => wanted[path] === undefined)
  return extra === undefined ? undefined : `${extra} is not in package-lock.json`
}

/** @param {string} path @returns {Record<string, LockedPackage> | undefined} */
function readLock(path) {
  try {
    const lock = /** @type {Lock} */ (JSON.parse(readFileSync(path, 'utf8')))
    return lock.packages
  } catch {
    return undefined
  }
}
