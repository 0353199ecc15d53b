// @ts-check
// npm run test:nodes: the unit tests, as they are compiled and with the addon as it is built, under the
// other Nodes that we promise to run on. The last line reads `N passed, N failed`.
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

const MAJORS = [22, 24]

/** Tests of the kernel's rules, of attacks, of other people's programs, and of how long things take: they say nothing of a Node. */
const SAME_ON_ANY_NODE = new RegExp(
  `^dist/test/(?:${[
    '(?:attacks|clients|tables)/',
    'bin/(?:announce|dns-update|hook-announce|instance|nic-ext|nic-hook|nic-patience|nics-role|repair|tags)',
    'broker/(?:outage|refusals)',
    'fuzz/queue',
    'kernel/(?:apply|bridge-|firewall|ip-line|queueing|routed|rule-dump)',
    'support/',
  ].join('|')})`,
)

await runProgram(async (signal) => {
  const stages = openStages(signal)
  const setup = openStages(signal)
  if (!(await setUp({ stages: setup, purposes: ['build'], signal })).isReady) {
    console.log(countsLine(setup.totals()))
    return false
  }
  const { isStrict } = readHost()
  const all = testFiles({ plan: readPlan(['unit']), isLabSuite: false }).files
  const files = all.filter((file) => !SAME_ON_ANY_NODE.test(file))
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
    const args = [`--node-arg=--import=${new URL('node-probe.mjs', import.meta.url)}`, ...files]
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
