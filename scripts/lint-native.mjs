// @ts-check
// npm run lint:native: clang-format has nothing to change in native/; with --fix it makes the changes.
import { formatNative } from './native-format.mjs'
import { runProgram } from './program.mjs'
import { openStages } from './stages.mjs'

const isFix = process.argv.includes('--fix')

await runProgram((signal) =>
  openStages(signal).run({
    name: 'c++',
    budgetSeconds: 60,
    run: (context) => formatNative({ ...context, isFix }),
  }),
)
