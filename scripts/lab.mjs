// @ts-check
import { existsSync } from 'node:fs'
import { missingPackages } from './apt.mjs'
import { mustRun } from './children.mjs'

/** @typedef {import('./stages.mjs').Stages} Stages */

const LAB = 'test/lab/lab'

/**
 * True when a lab, and so the tests' broker, can be had here: root on Debian, all programs installed.
 * @param {import('./host.mjs').Host} host
 */
export function canHaveLab({ canInstall }) {
  return canInstall && existsSync(LAB) && missingPackages(['lab']).size === 0
}

/**
 * Makes the lab's cache (about 70 s once; nothing when it is there).
 * @param {Stages} stages
 * @returns {Promise<boolean>}
 */
export function buildLab(stages) {
  return stages.run({
    name: 'lab build',
    budgetSeconds: 420,
    run: async ({ say, signal }) => {
      await mustRun({ command: LAB, args: ['build'], signal, onLine: say, onErrorLine: say })
      return { note: 'the cache is there' }
    },
  })
}

/**
 * Destroys the labs whose owners are dead: what tests and demos that were ended have left.
 * @param {Stages} stages
 * @returns {Promise<boolean>}
 */
export function sweepLabs(stages) {
  return stages.run({
    name: 'lab sweep',
    budgetSeconds: 120,
    isCleanup: true,
    run: async ({ say, signal }) => {
      await mustRun({ command: LAB, args: ['sweep'], signal, onLine: say, onErrorLine: say })
      return { note: 'nothing is left' }
    },
  })
}
