// @ts-check
// npm run setup: installs and builds what is missing on this machine, and nothing else. Idempotent;
// `npm test` and `npm run demo` do it by themselves. Needs git, Node 20.19 with npm, and root on Debian
// 12 or 13 for the Debian packages; elsewhere it says what works without. With `build` as its argument: only what a build needs.
import { runProgram } from './program.mjs'
import { setUp } from './setup-stages.mjs'
import { openStages } from './stages.mjs'

await runProgram(async (signal) => {
  const stages = openStages(signal)
  /** @type {readonly import('./tools.mjs').Purpose[]} */
  const purposes = process.argv[2] === 'build' ? ['build'] : ['build', 'checks', 'lab', 'packages']
  const { isReady, isTyped } = await setUp({ stages, purposes, signal })
  return isReady && isTyped
})
