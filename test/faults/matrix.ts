/**
 * The fault matrix: each row a fault under load, on real parts; what Ganeti wrote is compared with what arrived.
 *
 *     npm run faults -- [--rows NAME,NAME..] [--short] [--seed N] [--dry-run]
 *
 * Prints a line a row and its seed, and rewrites the table in docs/reliability.md (not with --dry-run). Exit code 1: a row lost
 * something, or shows nothing. Each row can be run alone. Needs root; leaves nothing behind but the page.
 */
import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { page, rewritePage, tableLine } from './page.js'
import { rows } from './rows.js'
import { faultsOf, type RowResult, runRow } from './run-row.js'
import { openWorld } from './world.js'

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    short: { type: 'boolean', default: false },
    seed: { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const names = rows.map(({ name }) => name)
const wanted = values.rows?.split(',') ?? names
const unknown = wanted.filter((name) => !names.includes(name))

if (values.help || unknown.length > 0) {
  for (const name of unknown) console.error(`there is no row ${name}`)
  console.log('npm run faults -- [--rows NAME,NAME..] [--short] [--seed N] [--dry-run]')
  for (const { name, title } of rows) console.log(`  ${name.padEnd(20)} ${title(values.short)}`)
  process.exit(unknown.length > 0 ? 2 : 0)
}

const ended = new Promise<never>((_, reject) => {
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => reject(new Error(`ended by ${name}`)))
})
ended.catch(() => undefined) // each row looks at it
const seed = values.seed === undefined ? randomInt(2 ** 32) : Number(values.seed)
console.log(`seed ${seed}`)
const results: RowResult[] = []
const chosen = rows.filter(({ name }) => wanted.includes(name))
for (const nodes of [1, 3] as const) {
  const group = chosen.filter((row) => row.nodes === nodes)
  if (group.length > 0) await runGroup(nodes, group)
}
process.exit(results.every((result) => faultsOf(result).length === 0) ? 0 : 1)

/**
 * Linux shares the CPU by session, and Ganeti gives each job one of its own: all agents of recorded jobs together would have as much of it
 * as one real job, and live a minute where a kill needs a second. Where masters change, Ganeti itself is what must get on. Without
 * effect where sessions are not told apart.
 */
function takeShare({ isFirst }: { readonly isFirst: boolean }): void {
  try {
    writeFileSync('/proc/self/autogroup', isFirst ? '-9' : '0')
  } catch {
    console.log('no autogroups here: on a busy machine, long rows take long')
  }
}

async function runGroup(nodes: 1 | 3, group: typeof rows): Promise<void> {
  takeShare({ isFirst: nodes === 1 })
  await using world = await openWorld({ nodes })
  for (const row of group) {
    const running = runRow(row, { world, seed, isShort: values.short, say: console.log })
    const result = await Promise.race([running, ended])
    results.push(result)
    console.log(tableLine(result))
    for (const fault of faultsOf(result)) console.log(`  FAILED: ${fault}`)
    for (const [what, count] of result.counts) console.log(`  ${count} killed ${what}`)
    if (!values['dry-run']) {
      rewritePage([result], names)
      console.log(`  ${page} is rewritten`)
    }
  }
}
