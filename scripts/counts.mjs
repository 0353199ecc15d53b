// @ts-check

/**
 * How many checks and assertions passed, failed and were skipped.
 * @typedef {{ readonly passed: number, readonly failed: number, readonly skipped: number }} Counts
 */

/** @type {Counts} */
export const NOTHING = { passed: 0, failed: 0, skipped: 0 }
/** @type {Counts} */
export const ONE_PASSED = { passed: 1, failed: 0, skipped: 0 }
/** @type {Counts} */
export const ONE_FAILED = { passed: 0, failed: 1, skipped: 0 }
/** @type {Counts} */
export const ONE_SKIPPED = { passed: 0, failed: 0, skipped: 1 }

/**
 * Adds two counts.
 * @param {Counts} a
 * @param {Counts} b
 * @returns {Counts}
 */
export function addCounts(a, b) {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }
}

/**
 * Takes counts away that were added before.
 * @param {Counts} a
 * @param {Counts} b
 * @returns {Counts}
 */
export function subtractCounts(a, b) {
  return {
    passed: a.passed - b.passed,
    failed: a.failed - b.failed,
    skipped: a.skipped - b.skipped,
  }
}

/**
 * The closing line that CI reads: `N passed, N failed`, and `, N skipped` when there are any.
 * @param {Counts} counts
 * @returns {string}
 */
export function countsLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
