// @ts-check
import { closeSync, openSync, readSync } from 'node:fs'
import { mustRun } from './children.mjs'
import { listSources } from './sources.mjs'
import { digestFiles, readStamp, writeStamp } from './stamp.mjs'

/** @typedef {import('./stages.mjs').StageContext} StageContext */

const STAMP = 'node_modules/.okeanid/shell'
// a shebang that names a shell, or shellcheck's own directive in files that are only sourced
const FIRST_LINE = /^#!\s*\S*\/(?:env\s+)?(?:sh|bash|dash|ksh)\b|^# shellcheck shell=/

/**
 * Runs shellcheck over every shell script of the tree; a script is known by its first line.
 * Takes seconds, so scripts that have not changed since they passed are not looked at again.
 * @param {StageContext} context
 */
export async function lintShell({ signal }) {
  const scripts = (await listSources(signal)).filter(isShellScript)
  if (scripts.length === 0) return { note: 'no shell scripts' }
  const stamp = digestFiles(scripts)
  if (readStamp(STAMP) === stamp) return { note: `${scripts.length} scripts, as when they passed` }
  const args = ['--external-sources', '--source-path=SCRIPTDIR', '--', ...scripts]
  await mustRun({ command: 'shellcheck', args, signal })
  writeStamp(STAMP, stamp)
  return { note: `${scripts.length} scripts` }
}

/** @param {string} path */
function isShellScript(path) {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(128)
    return FIRST_LINE.test(bytes.toString('latin1', 0, readSync(file, bytes)))
  } finally {
    closeSync(file)
  }
}
