import { createInterface } from 'node:readline'
import type { Lab } from '../test/lab/lab.js'
import type { Screen } from './screen.js'

/** What guests ask and are told, on all nodes, since the demo began. */
export interface Exchanges {
  /** How many of these lines match. */
  count(pattern: RegExp): number
}

/** Prints what `okeanid dhcp trace` says on each node, as it happens; the traces end with the lab. */
export function printExchanges(lab: Lab, screen: Screen): Exchanges {
  const lines: string[] = []
  for (const node of lab.nodes) {
    const trace = lab.spawn(node, ['okeanid', 'dhcp', 'trace'])
    createInterface({ input: trace.child.stdout }).on('line', (line) => {
      lines.push(line)
      screen.exchange(`${node}  ${line}`)
    })
  }
  return { count: (pattern) => lines.filter((line) => pattern.test(line)).length }
}
