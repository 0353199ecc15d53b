import { rows } from '../faults/rows.js'
import { runFaultRows } from '../faults/run-as-tests.js'

/**
 * Rows of the fault matrix, short (docs/reliability.md), on one cluster of one node: those that were seen to hold. The others are run by
 * `npm run faults -- --short`, and come here as they do.
 */
const names: readonly string[] = ['disk-full', 'broker-alarm']

await runFaultRows(rows.filter(({ name }) => names.includes(name)))
