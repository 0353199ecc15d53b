// @ts-check
import { availableParallelism } from 'node:os'
import { mustRun } from './children.mjs'
import { limitsSentence } from './host.mjs'
import { canHaveLab } from './lab.mjs'
import { formatNative } from './native-format.mjs'
import { lintShell } from './shell-lint.mjs'
import { StageError } from './stages.mjs'
import { runTap } from './tap.mjs'
import { testFiles } from './test-plan.mjs'
import { hasCommand } from './tools.mjs'

/** @typedef {import('./host.mjs').Host} Host */
/** @typedef {import('./stages.mjs').Stages} Stages */
/** @typedef {import('./stages.mjs').StageContext} StageContext */
/** @typedef {import('./test-plan.mjs').Plan} Plan */
/** @typedef {{ readonly stages: Stages, readonly plan: Plan, readonly host: Host }} Run */

const LAB_TEST_SECONDS = 900

/** Most tests wait for others more than they compute. */
export const SIDE_BY_SIDE = `--jobs=${Math.min(availableParallelism() + 1, 4)}`

/** So many laboratories at once: each is its own, and much of what they do is waiting for machines that boot. */
const LABS = `--jobs=${Math.min(Math.max(availableParallelism(), 2), 3)}`

/**
 * Lint, format and layers; shell scripts; C++ format.
 * @param {Run} options
 */
export async function runChecks({ stages }) {
  await stages.run({
    name: 'lint',
    budgetSeconds: 60,
    isCheck: true,
    run: async ({ signal }) => {
      const env = { ...process.env, NO_COLOR: '1' }
      await mustRun({ command: 'npm', args: ['run', '-s', 'lint'], env, signal })
      return { note: 'biome, oxlint, types of scripts/' }
    },
  })
  const tools = [
    { name: 'shell', command: 'shellcheck', run: lintShell },
    { name: 'c++', command: 'clang-format', run: formatNative },
  ]
  for (const { name, command, run } of tools) {
    if (!hasCommand(command)) stages.skip(name, `${command} is missing: apt-get install ${command}`)
    else await stages.run({ name, budgetSeconds: 60, isCheck: true, run })
  }
}

/**
 * The unit tests: all of dist/test but the lab's, or those that were named.
 * @param {Run} options
 */
export async function runUnit({ stages, plan, host }) {
  const { files, unknown } = testFiles({ plan, isLabSuite: false })
  if (files.length + unknown.length === 0) return stages.skip('unit', 'there are no tests yet')
  await stages.run({
    name: 'unit',
    budgetSeconds: 3000,
    run: (context) => {
      mustBeKnown(unknown)
      const isNamed = plan.paths.length > 0
      return runTap(
        {
          args: [SIDE_BY_SIDE, ...plan.tapOptions, ...files],
          env: testEnv(host),
          show: isNamed ? 'everything' : 'failures',
          isStrict: host.isStrict,
        },
        context,
      )
    },
  })
}

/**
 * The tests in the lab.
 * @param {Run} options
 */
export async function runLab({ stages, plan, host }) {
  const { files, unknown } = testFiles({ plan, isLabSuite: true })
  if (files.length + unknown.length === 0) return stages.skip('lab', 'there are no lab tests yet')
  if (stages.totals().failed > 0) return stages.skip('lab', 'what comes before it has failed')
  if (!canHaveLab(host)) return stages.skip('lab', limitsSentence(host))
  await stages.run({
    name: 'lab',
    budgetSeconds: 3000,
    run: (context) => {
      mustBeKnown(unknown)
      const options = [LABS, `--timeout=${LAB_TEST_SECONDS}`, ...plan.tapOptions]
      const show = plan.paths.length > 0 ? 'everything' : 'tests'
      const { isStrict } = host
      return runTap({ args: [...options, ...files], env: testEnv(host), show, isStrict }, context)
    },
  })
}

/** In CI a test may not skip what it needs the lab, the broker or root for. @param {Host} host */
function testEnv({ isStrict }) {
  return isStrict ? { ...process.env, REQUIRE_LAB: '1' } : process.env
}

/** @param {readonly string[]} unknown */
function mustBeKnown(unknown) {
  if (unknown.length > 0) throw new StageError(`no tests in ${unknown.join(', ')}`)
}
