import { rows } from '../faults/rows.js'
import { runFaultRows } from '../faults/run-as-tests.js'

/**
 * Rows of the fault matrix, short (docs/reliability.md), on one cluster of one node: one of each kind, so that all take less than five minutes.
 * The others are run by `npm run faults -- --short`.
 */
const names: readonly string[] = ['disk-full', 'clock', 'broker-alarm', 'job-process']

await runFaultRows(rows.filter(({ name }) => names.includes(name)))
