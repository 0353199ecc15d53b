// @ts-check
// npm test: installs what is missing, then types, lint, layers, shell, C++ format, unit tests, and the
// tests in the lab. Cheap first; the lab only when all before it passed.
//
//   npm test                          everything          npm run check   everything but the lab
//   npm test -- unit | lab | lint     that part
//   npm test -- test/addr/mac.test.ts [--bail] [--grep=…] these files or folders, and options for tap
//
// The last line reads `N passed, N failed`, and `, N skipped` when there are any: assertions of tests,
// and one for each other check. Ctrl-C ends what runs, sweeps the labs, and still prints it.

import { countsLine } from './counts.mjs'
import { readHost } from './host.mjs'
import { buildLab, canHaveLab, sweepLabs } from './lab.mjs'
import { runProgram } from './program.mjs'
import { setUp } from './setup-stages.mjs'
import { openStages } from './stages.mjs'
import { readPlan } from './test-plan.mjs'
import { runChecks, runLab, runUnit } from './test-stages.mjs'

/** @typedef {import('./tools.mjs').Purpose} Purpose */

const plan = readPlan(process.argv.slice(2))

await runProgram(async (signal) => {
  const stages = openStages(signal)
  const host = readHost()
  // unit tests have a broker from the lab's tree; without the lab's programs they skip it
  const needsLab = plan.hasLab || (plan.hasUnit && host.isStrict)
  /** @type {readonly Purpose[]} */
  const purposes = needsLab ? ['build', 'checks', 'lab', 'packages'] : ['build', 'checks']
  const { isReady } = await setUp({ stages, purposes, signal })
  if (isReady) {
    const run = { stages, plan, host }
    if (plan.hasLint) await runChecks(run)
    if (plan.hasUnit || plan.hasLab) await runTests(run)
  }
  console.log(countsLine(stages.totals()))
  return stages.totals().failed === 0
})

/** @param {import('./test-stages.mjs').Run} run */
async function runTests(run) {
  const hasLab = canHaveLab(run.host)
  if (hasLab) await buildLab(run.stages)
  try {
    if (plan.hasUnit) await runUnit(run)
    if (plan.hasLab) await runLab(run)
  } finally {
    if (hasLab) await sweepLabs(run.stages)
  }
}
