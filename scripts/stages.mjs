// @ts-check
import { performance } from 'node:perf_hooks'
import { addCounts, countsLine, NOTHING, ONE_FAILED, ONE_PASSED, ONE_SKIPPED } from './counts.mjs'

/** @typedef {import('./counts.mjs').Counts} Counts */

/**
 * What a stage hands back: a few words for its closing line, and its counts when it ran tests.
 * @typedef {{ readonly note?: string, readonly counts?: Counts }} Outcome
 */

/**
 * What a stage gets: a progress line of its own, and the signal that ends it (Ctrl-C, or its budget).
 * @typedef {{ readonly say: (text: string) => void, readonly signal: AbortSignal }} StageContext
 */

/**
 * One step of a program. `isCheck` stages count as one check (or as their tests); others only count
 * when they fail. `isCleanup` stages run also after Ctrl-C.
 * @typedef {object} Stage
 * @property {string} name
 * @property {number} budgetSeconds
 * @property {boolean} [isCheck]
 * @property {boolean} [isCleanup]
 * @property {(context: StageContext) => Promise<Outcome | undefined> | Outcome | undefined} run
 */

/** Ends a stage as failed: a sentence, and the output of the program that failed. */
export class StageError extends Error {
  /**
   * @param {string} message
   * @param {string} [output]
   */
  constructor(message, output = '') {
    super(message)
    this.name = 'StageError'
    this.output = output
  }
}

/**
 * Runs stages one after another, says when each begins and ends, and keeps their counts.
 * A stage that is over its budget has failed; the signal ends the stage that runs.
 * @param {AbortSignal} signal
 */
export function openStages(signal) {
  const start = performance.now()
  let totals = NOTHING

  /** @param {string} name @param {string} text */
  const say = (name, text) => {
    for (const line of text.split('\n')) {
      console.log(`[${secondsSince(start).padStart(6)} s] ${name.padEnd(9)} ${line}`)
    }
  }

  return {
    say,

    /** The counts of all stages so far. */
    totals: () => totals,

    /**
     * Runs one stage; true when it passed. After Ctrl-C no stage begins any more.
     * @param {Stage} stage
     * @returns {Promise<boolean>}
     */
    async run({ name, budgetSeconds, isCheck = false, isCleanup = false, run }) {
      const begin = performance.now()
      const parent = isCleanup ? new AbortController().signal : signal
      if (parent.aborted) return false
      const limits = openLimits(parent, budgetSeconds)
      const spent = () => `(${secondsSince(begin)} s of ${budgetSeconds} s)`
      try {
        const context = {
          say: (/** @type {string} */ text) => say(name, text),
          signal: limits.signal,
        }
        const outcome = await run(context)
        const counts = outcome?.counts ?? (isCheck ? ONE_PASSED : NOTHING)
        totals = addCounts(totals, counts)
        const words = outcome?.counts ? countsLine(counts) : 'ok'
        say(name, [words, outcome?.note, spent()].filter(Boolean).join(' '))
        return counts.failed === 0
      } catch (error) {
        totals = addCounts(totals, ONE_FAILED)
        if (parent.aborted) {
          say(name, `FAILED: ended by ${String(parent.reason)} ${spent()}`)
          return false
        }
        const { message, output } = describe(error)
        if (output !== '') console.log(output)
        say(name, `FAILED: ${limits.isOver() ? 'over its budget, ended' : message} ${spent()}`)
        return false
      } finally {
        limits.close()
      }
    },

    /**
     * Leaves a check out, and says why.
     * @param {string} name
     * @param {string} why
     */
    skip(name, why) {
      totals = addCounts(totals, ONE_SKIPPED)
      say(name, `skipped: ${why}`)
    },
  }
}

/** @typedef {ReturnType<typeof openStages>} Stages */

/**
 * A signal that aborts with the program's, or when the budget is spent.
 * @param {AbortSignal} parent
 * @param {number} budgetSeconds
 */
function openLimits(parent, budgetSeconds) {
  const controller = new AbortController()
  let isOver = false
  const stop = () => controller.abort(parent.reason)
  const timer = setTimeout(() => {
    isOver = true
    controller.abort('budget')
  }, budgetSeconds * 1000)
  parent.addEventListener('abort', stop, { once: true })
  return {
    signal: controller.signal,
    isOver: () => isOver,
    close() {
      clearTimeout(timer)
      parent.removeEventListener('abort', stop)
    },
  }
}

/** @param {number} start a `performance.now()` @returns {string} */
function secondsSince(start) {
  return ((performance.now() - start) / 1000).toFixed(1)
}

/** @param {unknown} error @returns {{ message: string, output: string }} */
function describe(error) {
  if (error instanceof StageError) return { message: error.message, output: error.output.trimEnd() }
  const output = error instanceof Error ? (error.stack ?? '') : ''
  return { message: error instanceof Error ? error.message : String(error), output }
}
