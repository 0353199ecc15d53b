/**
 * What `okeanid --version` costs beside an empty script of the same Node, in a clean environment: the bundle as its package has it, in turns
 * with an empty ES module and an empty CommonJS one.
 *
 *     node dist/bench/version.js [runs of each, 100]
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { labPackages } from '../test/lab/packages.js'
import { temporaryFolder } from '../test/support/temporary-folder.js'
import { printTable, quantile } from './harness.js'

const [, , runsText = '100'] = process.argv
const folder = temporaryFolder('version')
const { agent } = await labPackages()
execFileSync('dpkg-deb', ['-x', agent, folder])
const home = path.join(folder, 'usr/lib/okeanid/versions')
const [version = ''] = execFileSync('ls', [home], { encoding: 'utf8' }).split('\n')
writeFileSync(path.join(folder, 'empty.mjs'), '')
writeFileSync(path.join(folder, 'empty.cjs'), '')

const programs: Readonly<Record<string, readonly string[]>> = {
  'empty.cjs': [path.join(folder, 'empty.cjs')],
  'empty.mjs': [path.join(folder, 'empty.mjs')],
  'okeanid --version': [path.join(home, version, 'dist/agent/bin/okeanid.js'), '--version'],
  'okeanid nic --help': [path.join(home, version, 'dist/agent/bin/okeanid.js'), 'nic', '--help'],
}
const times = new Map<string, number[]>(Object.keys(programs).map((name) => [name, []]))
for (let run = 0; run < Number(runsText); run++)
  for (const [name, argv] of Object.entries(programs)) {
    const beganMs = performance.now()
    const { status } = spawnSync(process.execPath, argv, { env: {}, stdio: 'ignore' })
    times.get(name)?.push(performance.now() - beganMs)
    if (status !== 0) throw new Error(`${name}: ended with ${status}`)
  }
const median = (name: string) => quantile(times.get(name) ?? [], 0.5)
printTable(
  ['what', 'p50', 'over empty.cjs', 'of its time'],
  Object.keys(programs).map((name) => [
    name,
    `${median(name).toFixed(1)} ms`,
    `${(median(name) - median('empty.cjs')).toFixed(1)} ms`,
    (median(name) / median('empty.cjs')).toFixed(2),
  ]),
)
