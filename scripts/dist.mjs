// @ts-check
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { mustRun } from './children.mjs'
import { filesBelow } from './stamp.mjs'

/** @typedef {import('./stages.mjs').StageContext} StageContext */

/** What the compiler notes between runs: tsconfig.json says where. */
const INFO = 'dist/.tsbuildinfo'
const COMPILE = ['--pretty', 'false']

/**
 * Compiles into dist/ what has changed, and removes what has no source any more. Files that did not
 * change are not written, so that tests which run from dist/ meanwhile see no half a file.
 * @param {StageContext} context
 */
export async function compile({ say, signal }) {
  const stale = staleOutputs()
  for (const path of stale) rmSync(path)
  if (stale.length > 0) say(`removed ${stale.length} files of deleted sources from dist/`)
  // the compiler trusts its notes and does not look whether its output is still there
  if (missesOutput()) rmSync(INFO, { force: true })
  await mustRun({
    command: process.execPath,
    args: ['node_modules/.bin/tsc', ...COMPILE],
    signal,
  })
  return { note: 'dist/ is compiled' }
}

/** The outputs in dist/ that no source makes. */
function staleOutputs() {
  return [...filesBelow('dist')].filter((path) => {
    const source = /^dist\/(.+)\.(?:js|js\.map|d\.ts)$/.exec(path)?.[1]
    return source !== undefined && !existsSync(`${source}.ts`)
  })
}

/** True when a source of tsconfig.json's folders has no output. */
function missesOutput() {
  const { include } = /** @type {{ include: string[] }} */ (
    JSON.parse(readFileSync('tsconfig.json', 'utf8'))
  )
  return include
    .flatMap((folder) => [...filesBelow(folder)])
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .some((path) => !existsSync(`dist/${path.slice(0, -3)}.js`))
}
