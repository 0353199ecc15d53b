// @ts-check
// npm run setup: installs and builds what is missing on this machine, and nothing else. Idempotent;
// `npm test` and `npm run demo` do it by themselves. Needs git, Node 20.19 with npm, and root on Debian
// 12 or 13 for the Debian packages; elsewhere it says what works without.
import { runProgram } from './program.mjs'
import { setUp } from './setup-stages.mjs'
import { openStages } from './stages.mjs'

await runProgram(async (signal) => {
  const stages = openStages(signal)
  const { isReady, isTyped } = await setUp({ stages, purposes: ['build', 'checks', 'lab'], signal })
  return isReady && isTyped
})
