// @ts-check
import { addCounts, NOTHING, ONE_FAILED, ONE_PASSED, ONE_SKIPPED } from './counts.mjs'

/** @typedef {import('./counts.mjs').Counts} Counts */

/**
 * A test that has ended: level 0 is a test file, level 1 a test of that file.
 * @typedef {object} Ended
 * @property {number} level
 * @property {string} name
 * @property {boolean} isOk
 * @property {Counts} counts
 * @property {number} seconds 0 when tap does not say
 */

/**
 * What is open on one level of subtests: its name, its counts, whether a result was seen in it.
 * @typedef {{ name: string, counts: Counts, hasResults: boolean }} Level
 */

const NOISE_LINES = 200

/**
 * Reads raw TAP line by line, as tap 21 prints it, and counts assertions: a subtest's own line counts
 * only when it failed though all in it passed (a plan, a time-out, an exit code).
 * @param {object} options
 * @param {(test: Ended) => void} options.onEnd
 * @param {(text: string) => void} options.onFailure a failed assertion with its diagnostics
 */
export function openTapReader({ onEnd, onFailure }) {
  /** @type {Level[]} */
  let levels = [newLevel()]
  /** @type {{ indent: number, lines: string[] } | undefined} */
  let failure
  /** @type {string | undefined} the line that ends the diagnostics we are in */
  let yamlEnd
  /** @type {string[]} what the file's programs printed between TAP lines */
  let noise = []

  const flush = () => {
    if (failure !== undefined) onFailure(failure.lines.join('\n'))
    failure = undefined
  }

  /** @param {{ level: number, isOk: boolean, rest: string }} result */
  const result = ({ level, isOk, rest }) => {
    flush()
    const [, name = '', directive = ''] = /^(.*?)(?:\s+# (SKIP|TODO)\b.*)?$/i.exec(rest) ?? []
    const own = directive !== '' ? ONE_SKIPPED : isOk ? ONE_PASSED : ONE_FAILED
    const inner = levels[level + 1]
    const isUnexplained = own === ONE_FAILED && inner?.counts.failed === 0
    const counts = inner?.hasResults
      ? addCounts(inner.counts, isUnexplained ? ONE_FAILED : NOTHING)
      : own
    const clean = name.replace(/\s+# time=.*$/, '').replaceAll('\\#', '#')
    if (own === ONE_FAILED && (!inner?.hasResults || isUnexplained)) {
      const path = [...levels.slice(1, level + 1).map((open) => open.name), clean].join(' > ')
      failure = { indent: level * 4, lines: [`not ok - ${path}`] }
    }
    levels = levels.slice(0, level + 1)
    const open = levels[level]
    if (open !== undefined) {
      open.counts = addCounts(open.counts, counts)
      open.hasResults = true
    }
    if (level > 1) return
    if (level === 0 && !isOk && noise.length > 0) onFailure(['printed by it:', ...noise].join('\n'))
    if (level === 0) noise = []
    const seconds = Number(/ # time=([\d.]+)ms/.exec(rest)?.[1] ?? 0) / 1000
    onEnd({ level, name: clean, isOk, counts, seconds })
  }

  return {
    /** @param {string} text one line */
    line(text) {
      if (yamlEnd !== undefined) {
        if (text.trimEnd() === yamlEnd) yamlEnd = undefined
        else failure?.lines.push(text.slice(failure.indent))
        return
      }
      const [, spaces = '', body = ''] = /^( *)(.*)$/.exec(text) ?? []
      const level = spaces.length / 4
      if (body === '---') {
        yamlEnd = `${spaces}...`
        return
      }
      const [, not, rest] = /^(not )?ok\b(?: \d+)?(?: - )?(.*)$/.exec(body) ?? []
      const subtest = /^# Subtest: (.*)$/.exec(body)?.[1]
      if (rest !== undefined && levels[level] !== undefined) {
        result({ level, isOk: not === undefined, rest })
      } else if (subtest !== undefined && levels[level] !== undefined) {
        levels = [...levels.slice(0, level + 1), newLevel(subtest)]
      } else if (body.startsWith('Bail out!')) onFailure(body)
      else if (!/^($|#|\d+\.\.\d+|TAP version|\})/.test(body)) {
        noise = [...noise, body].slice(-NOISE_LINES)
      }
    },

    /** The counts of everything read. @returns {Counts} */
    end() {
      flush()
      return levels.map((level) => level.counts).reduce(addCounts, NOTHING)
    },
  }
}

/** @param {string} [name] @returns {Level} */
function newLevel(name = '') {
  return { name, counts: NOTHING, hasResults: false }
}
