// @ts-check
// npm run test:nodes: the unit tests, as they are compiled and with the addon as it is built, under the
// other Nodes that we promise to run on; with `-- --short`, as CI runs it, a few of each kind. The last line reads `N passed, N failed`.
import { join } from 'node:path'
import { countsLine } from './counts.mjs'
import { readHost } from './host.mjs'
import { canHaveLab, sweepLabs } from './lab.mjs'
import { installNode } from './node-package.mjs'
import { ROOT, runProgram } from './program.mjs'
import { setUp } from './setup-stages.mjs'
import { openStages } from './stages.mjs'
import { filesBelow } from './stamp.mjs'
import { runTap } from './tap.mjs'
import { readPlan, testFiles } from './test-plan.mjs'
import { SIDE_BY_SIDE } from './test-stages.mjs'

const MAJORS = [22, 24]

/**
 * What another Node may do otherwise: the language, the loop, files and sockets, the addon. The rest is about the kernel's rules,
 * attacks, other people's programs: the same on any Node; and the centre's store runs on the Node that its SQLite was built for.
 */
const OTHERWISE_BY_NODE = new RegExp(
  `^dist/test/(?:${[
    '(?:addr|binding|contract|doctor|event|ganeti|lock|outbox|progress|responder|script|service|watch|wire)/',
    'bin/(?:agent|cli|details-reader|events-tail|nic-hook|spool-task|watchdog)\\.',
    'broker/(?:consumer|delivery|problem|waiting-room)\\.',
    'central/(?:config|intent|rapi|state)/',
    'kernel/(?:frames|links|native|notify|packet-queue|queue-stats)',
    'nic/',
  ].join('|')})`,
)

/** Of each kind the one that asks most of Node: processes, sockets, files, the loop, the addon; and all that is over at once. */
const SHORT = new RegExp(
  `^dist/test/(?:${[
    '(?:addr|binding|contract|event|ganeti|lock|progress|script|service|watch|wire)/',
    'bin/(?:nic-hook|spool-task)\\.',
    'broker/(?:consumer|delivery)\\.',
    'kernel/(?:frames|links|native-(?:abuse|programs|ruleset)|notify|packet-queue|queue-stats)\\.',
    'outbox/(?:kill|outbox)\\.',
  ].join('|')})`,
)

const chosen = process.argv.includes('--short') ? SHORT : OTHERWISE_BY_NODE

await runProgram(async (signal) => {
  const stages = openStages(signal)
  const setup = openStages(signal)
  if (!(await setUp({ stages: setup, purposes: ['build'], signal })).isReady) {
    console.log(countsLine(setup.totals()))
    return false
  }
  const { isStrict } = readHost()
  const all = testFiles({ plan: readPlan(['unit']), isLabSuite: false }).files
  const files = all.filter((file) => chosen.test(file))
  const addon = [...filesBelow('native/build/Release')].find((path) =>
    /^native\/build\/Release\/[^/]+\.node$/.test(path),
  )
  for (const major of MAJORS) {
    const name = `node ${major}`
    let node = ''
    const isThere = await stages.run({
      name,
      budgetSeconds: 120,
      run: async (context) => {
        node = await installNode({ major }, context)
        return { note: node }
      },
    })
    if (isThere && files.length === 0) stages.skip(name, 'there are no tests yet')
    if (!isThere || files.length === 0) continue
    const env = {
      ...process.env,
      OKEANID_NODE_MAJOR: String(major),
      ...(addon === undefined ? {} : { OKEANID_ADDON: join(ROOT, addon) }),
    }
    const args = [
      SIDE_BY_SIDE,
      `--node-arg=--import=${new URL('node-probe.mjs', import.meta.url)}`,
      ...files,
    ]
    await stages.run({
      name,
      budgetSeconds: 900,
      run: (context) => runTap({ args, node, env, show: 'failures', isStrict }, context),
    })
  }
  if (canHaveLab(readHost())) await sweepLabs(stages) // the tests' broker comes from there
  console.log(countsLine(stages.totals()))
  return stages.totals().failed === 0
})
