// @ts-check
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runChild } from './children.mjs'
import { addCounts, ONE_FAILED, subtractCounts } from './counts.mjs'
import { StageError } from './stages.mjs'
import { openTapReader } from './tap-reader.mjs'

/** @typedef {import('./stages.mjs').StageContext} StageContext */
/** @typedef {import('./stages.mjs').Outcome} Outcome */
/** @typedef {import('./counts.mjs').Counts} Counts */
/** @typedef {import('./tap-reader.mjs').Ended} Ended */
/** @typedef {{ readonly isOk: boolean, readonly counts: Counts, readonly failedFiles: readonly Ended[], readonly outcome: Outcome }} TapRun */

/**
 * @typedef {object} TapOptions
 * @property {readonly string[]} args tap's own: options and test files; no file means those of .taprc
 * @property {string} [node] the Node that tap and its tests run under; ours when left out
 * @property {NodeJS.ProcessEnv} [env]
 * @property {'failures' | 'tests' | 'everything'} show what is printed while the tests run
 * @property {boolean} [isStrict] in CI: a file that failed is run once more, alone
 */

/** More files than this have no bad luck: they are broken. */
const MOST_AGAIN = 6

/** So many of the files that took longest are named: whoever wants a faster run begins there. */
const LONGEST = 12

/**
 * Runs tap and counts its assertions. In CI, on machines of whatever load, a few files that failed are run once more, alone. Passing then
 * does not hide the first failure: it was printed, and the stage's line and the log name the file as unsteady, a bug to be mended.
 * @param {TapOptions} options
 * @param {StageContext} context
 * @returns {Promise<Outcome>}
 */
export async function runTap(options, context) {
  const first = await runOnce(options, context)
  const files = first.failedFiles
  if (!options.isStrict || first.isOk || files.length === 0 || files.length > MOST_AGAIN) {
    return first.outcome
  }
  const names = files.map(({ name }) => name)
  context.say(`run once more, alone: ${names.join(', ')}`)
  const flags = options.args.filter((arg) => arg.startsWith('-'))
  const args = [...flags.filter((flag) => !flag.startsWith('--jobs')), '--jobs=1', ...names]
  const second = await runOnce({ ...options, args }, context)
  if (!second.isOk) return first.outcome
  const others = files.map(({ counts }) => counts).reduce(subtractCounts, first.counts)
  return {
    counts: addCounts(others, second.counts),
    note: `UNSTEADY, passed at the second try: ${names.join(', ')}`,
  }
}

/**
 * One run. Several may share a work tree: what tap would note in .tap of each process goes to a temporary folder (two runs
 * fell over each other's), and is dropped.
 * @param {TapOptions} options
 * @param {StageContext} context
 * @returns {Promise<TapRun>}
 */
async function runOnce({ args, node = process.execPath, env = process.env, show }, context) {
  const { say, signal } = context
  /** @type {Ended[]} */
  const failedFiles = []
  /** @type {Ended[]} */
  const files = []
  const reader = openTapReader({
    onEnd: (ended) => {
      const { level, name, isOk, counts } = ended
      if (level === 0) files.push(ended)
      if (level === 0 && !isOk) failedFiles.push(ended)
      if (level === 0 && (counts.passed + counts.failed + counts.skipped > 1 || !isOk)) return
      if (show === 'tests' && level === 1) say(`${isOk ? 'ok' : 'NOT OK'} ${name}`)
    },
    onFailure: (text) => console.log(text),
  })
  const state = mkdtempSync(join(tmpdir(), 'okeanid-tap-'))
  try {
    const { code, by, output } = await runChild({
      command: node,
      args: ['node_modules/.bin/tap', '--reporter=tap', '--disable-coverage', ...args],
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
    if (files.length > LONGEST) say(longestText(files))
    if (code === 0) return { isOk: true, counts, failedFiles, outcome: { counts } }
    if (show !== 'everything') console.log(output.trimEnd())
    const outcome =
      counts.failed > 0
        ? { counts }
        : { counts: addCounts(counts, ONE_FAILED), note: `tap ended with ${by ?? code}` }
    return { isOk: false, counts, failedFiles, outcome }
  } catch (error) {
    if (!(error instanceof StageError) || !signal.aborted) throw error
    const { passed, failed } = reader.end()
    throw new StageError(error.message, `${error.output}${passed} passed, ${failed} failed so far`)
  } finally {
    rmSync(state, { recursive: true, force: true })
  }
}

/** @param {readonly Ended[]} files */
function longestText(files) {
  const longest = files.toSorted((a, b) => b.seconds - a.seconds).slice(0, LONGEST)
  const all = files.reduce((sum, { seconds }) => sum + seconds, 0)
  const short = (/** @type {string} */ name) => name.replace(/^dist\/test\/|\.test\.js$/g, '')
  const names = longest.map(({ name, seconds }) => `${short(name)} ${seconds.toFixed(0)} s`)
  return `${files.length} files of ${all.toFixed(0)} s; longest: ${names.join(', ')}`
}
