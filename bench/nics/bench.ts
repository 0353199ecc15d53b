/**
 * Time of `nic up` with 10, 100 and 500 NICs there, and of repair: `node dist/bench/nics/bench.js [rounds of nic up] [of repair]` (root).
 *
 * Each node is a network namespace with taps, bridge, routing table and Ganeti's files of running guests; the hook is the shipped one
 * with the shipped bundle. Rounds are in turns over nodes and programs: on a machine that others use compare within a table only.
 */
import { cpus, loadavg } from 'node:os'
import { openNode } from './node.js'
import { copyPrograms } from './programs.js'
import { measureRepair } from './repair.js'
import { measureSetUp } from './set-up.js'

const rounds = Number(process.argv[2] ?? 10)
const repairRounds = Number(process.argv[3] ?? 3)

using copied = copyPrograms()
const { programs } = copied
tellLoad()
await using ten = await openNode(10, programs)
await using fifty = await openNode(50, programs)
await using hundred = await openNode(100, programs)
await using most = await openNode(500, programs)
await measureSetUp([ten, hundred, most], rounds)
tellLoad()
await measureRepair([fifty, most], repairRounds)
tellLoad()

/** Without it the figures of a shared machine say little. */
function tellLoad(): void {
  console.log(`load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores`)
}
