import { randomInt } from 'node:crypto'
import t from 'tap'
import { labUnavailable } from '../lab/command.js'
import { tableLine } from './page.js'
import type { Row } from './row.js'
import { faultsOf, runRow } from './run-row.js'
import { openWorld } from './world.js'

/** Runs rows as tests, short, on one cluster, each with a seed that it tells. */
export async function runFaultRows(rows: readonly Row[]): Promise<void> {
  const skip = labUnavailable() ?? false
  await t.test('the fault matrix, short', { skip, timeout: 880_000 }, async (t) => {
    const nodes = rows.some((row) => row.nodes === 3) ? 3 : 1
    await using world = await openWorld({ nodes })
    for (const row of rows) {
      await t.test(`${row.title(true)}: nothing is lost`, async (t) => {
        const seed = randomInt(2 ** 32)
        t.comment(`npm run faults -- --short --rows ${row.name} --seed ${seed}`)
        const say = (text: string) => t.comment(text)
        const result = await runRow(row, { world, seed, isShort: true, say })
        t.comment(tableLine(result))
        t.strictSame(faultsOf(result), [])
      })
    }
  })
}
