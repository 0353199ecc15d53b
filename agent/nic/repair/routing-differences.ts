import { formatCidr } from '#addr/cidr.js'
import { ruleLine } from '#nic/rule-line.js'
import type { Step } from '#nic/step.js'
import { routingProtocol, type TapState } from '#nic/tap.js'
import type { Difference, Observed } from './differences.js'
import {
  addressKey,
  lookupKey,
  neighbourKey,
  proxyKey,
  routeKey,
  tableNumber,
} from './host-state.js'

/** What a routed tap lacks: each entry has its line, and no other is written. */
export function routingDifferences(
  state: TapState,
  { host, numbers }: Observed,
): readonly Difference[] {
  const { tap, lookup } = state
  const lacks = (isThere: boolean, what: string, line: string): readonly Difference[] =>
    isThere ? [] : [{ what: `${what} is missing`, steps: [ipStep(`put back ${what}`, [line])] }]
  return [
    ...state.addresses.flatMap((cidr) =>
      lacks(
        host.addresses.has(addressKey(tap, cidr.address)),
        `address ${cidr.address} of ${tap}`,
        `addr replace ${formatCidr(cidr)} dev ${tap} nodad`,
      ),
    ),
    ...state.neighbours.flatMap(({ address, mac }) =>
      lacks(
        host.neighbours.has(neighbourKey(tap, address, mac)),
        `neighbour ${address} on ${tap}`,
        `neigh replace ${address} lladdr ${mac} dev ${tap} nud permanent`,
      ),
    ),
    ...state.routes.flatMap((route) => {
      const { destination, via, table } = route
      const words = `${via === undefined ? '' : ` via ${via}`} dev ${tap}${table === undefined ? '' : ` table ${table}`}`
      return lacks(
        host.routes.has(routeKey(route, { tap, numbers })),
        `route to ${formatCidr(destination)}`,
        `route replace ${formatCidr(destination)}${words} proto ${routingProtocol}`,
      )
    }),
    ...(lookup?.families ?? []).flatMap((family) =>
      lacks(
        host.lookups.has(lookupKey(family, tap, tableNumber(lookup?.table, numbers))),
        `IPv${family} rule for table ${lookup?.table}`,
        `${ruleLine('add', { tap, family })} lookup ${lookup?.table} protocol ${routingProtocol}`,
      ),
    ),
    ...state.proxies.flatMap((proxy) =>
      lacks(
        host.proxies.has(proxyKey(proxy)),
        `answer for ${proxy.address} on ${proxy.device}`,
        `neigh replace proxy ${proxy.address} dev ${proxy.device}`,
      ),
    ),
  ]
}

/** Lines for `ip -batch`; they are not undone, for what they make was to be there anyway. */
export function ipStep(what: string, lines: readonly string[]): Step {
  return { kind: 'ip', what, need: 'must', lines, undo: [] }
}
