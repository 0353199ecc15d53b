// @ts-check
import { existsSync } from 'node:fs'
import { mustRun } from './children.mjs'
import { findHeaders } from './headers.mjs'
import { StageError } from './stages.mjs'
import { digestFiles, readStamp, writeStamp } from './stamp.mjs'

/** @typedef {import('./stages.mjs').StageContext} StageContext */

const STAMP = 'native/build/.okeanid-stamp'

/**
 * Builds the native addon when its sources, the headers it is built with, or Node's ABI have changed.
 * @param {StageContext} context
 */
export async function buildNative({ say, signal }) {
  if (!existsSync('native/binding.gyp')) return { note: 'no native/binding.gyp yet' }
  const sources = ['native', 'node_modules/node-addon-api/package.json']
  const digest = digestFiles(sources, (path) => path === 'native/build')
  const stamp = `${digest} ${process.versions.modules} ${process.arch}`
  if (readStamp(STAMP) === stamp) return { note: 'the addon is built' }
  const prefix = findHeaders()
  if (prefix === undefined) {
    throw new StageError(`${process.execPath} has no headers: include/node/node_api.h is missing`)
  }
  say('node-gyp rebuild')
  const args = ['run', '-s', 'build:native', '--', `--nodedir=${prefix}`]
  await mustRun({ command: 'npm', args, env: { ...process.env, JOBS: 'max' }, signal })
  writeStamp(STAMP, stamp)
  return { note: 'the addon is built anew' }
}
