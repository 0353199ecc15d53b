// @ts-check
// npm run lint:shell: shellcheck over every shell script of the tree.
import { runProgram } from './program.mjs'
import { lintShell } from './shell-lint.mjs'
import { openStages } from './stages.mjs'

await runProgram((signal) =>
  openStages(signal).run({ name: 'shell', budgetSeconds: 60, run: lintShell }),
)
