// @ts-check
import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { ROOT } from './program.mjs'
import { filesBelow } from './stamp.mjs'

/**
 * What a run of the tests does. `paths` are sources or folders below test/; without any, all tests.
 * @typedef {object} Plan
 * @property {boolean} hasLint
 * @property {boolean} hasUnit
 * @property {boolean} hasLab
 * @property {readonly string[]} paths
 * @property {readonly string[]} tapOptions
 */

const SUITES = ['check', 'lint', 'unit', 'lab']
const LAB_TESTS = 'dist/test/lab/'

/**
 * Reads the command line: suites, paths, and tap's own options (`--bail`, `--grep=…`).
 * @param {readonly string[]} words
 * @returns {Plan}
 */
export function readPlan(words) {
  const suites = words.filter((word) => SUITES.includes(word))
  const tapOptions = words.filter((word) => word.startsWith('-'))
  const paths = words
    .filter((word) => !suites.includes(word) && !tapOptions.includes(word))
    .map(relativePath)
  const isAll = suites.length === 0 && paths.length === 0
  const isCheck = isAll || suites.includes('check')
  return {
    hasLint: isCheck || suites.includes('lint'),
    hasUnit: isCheck || suites.includes('unit') || paths.some((path) => !isLab(path)),
    hasLab: isAll || suites.includes('lab') || paths.some(isLab),
    paths,
    tapOptions,
  }
}

/**
 * The compiled test files of the lab, or of everything else.
 * @param {{ plan: Plan, isLabSuite: boolean }} options
 * @returns {{ files: readonly string[], unknown: readonly string[] }} unknown: paths without a test
 */
export function testFiles({ plan: { paths }, isLabSuite }) {
  const wanted = paths.filter((path) => isLab(path) === isLabSuite)
  const starts = paths.length === 0 ? ['dist/test'] : wanted
  const found = starts.map((path) => ({ path, files: testsBelow(path, isLabSuite) }))
  return {
    files: longestFirst([...new Set(found.flatMap(({ files }) => files))]),
    unknown: wanted.filter((path) => testsBelow(path, isLabSuite).length === 0),
  }
}

/**
 * So that at the end not one file runs alone. Those that take a minute on two cores, as the line `longest` of a run names them; and those on an
 * emulated machine, which need one core all the time, between others.
 */
const LONG =
  /\/(?:lab\/(?:central|life|demo|nic-modes|faults|events|isolation)|kernel\/queueing|bin\/(?:agent|repair|nic-hook|nics-role|outbox-commands)|broker\/(?:publisher|refusals|delivery|outage)|outbox\/kill|central\/crash\/.*)\.test\.js$/

/** @param {readonly string[]} files */
function longestFirst(files) {
  return [...files.filter((file) => LONG.test(file)), ...files.filter((file) => !LONG.test(file))]
}

/** @param {string} path @param {boolean} isLabSuite */
function testsBelow(path, isLabSuite) {
  return [...filesBelow(path)]
    .filter((file) => file.endsWith('.test.js') && !file.includes('/fixtures/'))
    .filter((file) => file.startsWith(LAB_TESTS) === isLabSuite)
}

/** `test/addr/mac.test.ts`, `./test/addr`, an absolute path -> below dist/. @param {string} word */
function relativePath(word) {
  const path = relative(ROOT, word)
  const compiled = path.startsWith('dist/') ? path : `dist/${path}`
  const file = compiled.replace(/\.ts$/, '.js')
  return existsSync(word) || file.endsWith('.js') ? file : compiled
}

/** @param {string} path */
function isLab(path) {
  return `${path}/`.startsWith(LAB_TESTS)
}
