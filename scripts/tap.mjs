// @ts-check
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runChild } from './children.mjs'
import { addCounts, ONE_FAILED } from './counts.mjs'
import { StageError } from './stages.mjs'
import { openTapReader } from './tap-reader.mjs'

/** @typedef {import('./stages.mjs').StageContext} StageContext */
/** @typedef {import('./stages.mjs').Outcome} Outcome */

/**
 * @typedef {object} TapOptions
 * @property {readonly string[]} args tap's own: options and test files; no file means those of .taprc
 * @property {string} [node] the Node that tap and its tests run under; ours when left out
 * @property {NodeJS.ProcessEnv} [env]
 * @property {'failures' | 'tests' | 'everything'} show what is printed while the tests run
 */

/**
 * Runs tap and counts its assertions. Several runs may share a work tree: what tap would note in .tap of
 * each process goes to a temporary folder (two runs fell over each other's), and is dropped.
 * @param {TapOptions} options
 * @param {StageContext} context
 * @returns {Promise<Outcome>}
 */
export async function runTap({ args, node = process.execPath, env = process.env, show }, context) {
  const { say, signal } = context
  const reader = openTapReader({
    onEnd: ({ level, name, isOk, counts }) => {
      if (level === 0 && (counts.passed + counts.failed + counts.skipped > 1 || !isOk)) return
      if (show === 'tests' && level === 1) say(`${isOk ? 'ok' : 'NOT OK'} ${name}`)
    },
    onFailure: (text) => console.log(text),
  })
  const state = mkdtempSync(join(tmpdir(), 'okeanid-tap-'))
  try {
    const { code, by, output } = await runChild({
      command: node,
      args: ['node_modules/.bin/tap', '--reporter=tap', ...args],
      env: {
        ...env,
        _TAPJS_PROCESSINFO_CWD_: state,
        PATH: `${dirname(node)}:${env['PATH'] ?? ''}`,
      },
      signal,
      onLine: (line) => {
        if (show === 'everything') console.log(line)
        reader.line(line)
      },
      ...(show === 'everything' ? { onErrorLine: (line) => console.error(line) } : {}),
    })
    const counts = reader.end()
    if (code === 0) return { counts }
    if (show !== 'everything') console.log(output.trimEnd())
    if (counts.failed > 0) return { counts }
    return { counts: addCounts(counts, ONE_FAILED), note: `tap ended with ${by ?? code}` }
  } catch (error) {
    if (!(error instanceof StageError) || !signal.aborted) throw error
    const { passed, failed } = reader.end()
    throw new StageError(error.message, `${error.output}${passed} passed, ${failed} failed so far`)
  } finally {
    rmSync(state, { recursive: true, force: true })
  }
}
