import { formatCidr } from '#addr/cidr.js'
import type { DesiredNic } from './desired.js'
import type { NicFacts } from './facts.js'
import { sysctlSteps } from './plan-sysctls.js'
import { ruleLine } from './rule-line.js'
import type { Step } from './step.js'
import { routingProtocol, type TapRoute } from './tap.js'
import { tapState } from './tap-state.js'

/** The steps by which this host becomes the router of a tap's guest. */
export function planRouted(desired: DesiredNic, facts: NicFacts): readonly Step[] {
  const state = tapState(desired, facts)
  const { tap, mac, lookup, proxies } = state
  const rules = (lookup?.families ?? []).map(
    (family) =>
      `${ruleLine('add', { tap, family })} lookup ${lookup?.table} protocol ${routingProtocol}`,
  )
  return [
    {
      kind: 'clear',
      what: `remove rules of an earlier ${tap}`,
      need: 'may',
      // of any preference, and twice: one of ours from before a crash, one of Ganeti's own script
      lines: [4 as const, 6 as const, 4 as const, 6 as const].map((family) =>
        ruleLine('del', { tap, family, preference: 'any' }),
      ),
    },
    ...sysctlSteps(desired, facts),
    {
      kind: 'ip',
      what: `bring ${tap} up as a gateway`,
      need: 'must',
      lines: [
        `link set dev ${tap}${mac === undefined ? '' : ` address ${mac}`} up`,
        ...state.addresses.map((address) => `addr replace ${formatCidr(address)} dev ${tap} nodad`),
        ...state.neighbours.map(
          (neighbour) =>
            `neigh replace ${neighbour.address} lladdr ${neighbour.mac} dev ${tap} nud permanent`,
        ),
        ...state.routes.map((route) => routeLine(route, tap)),
      ],
      undo: [`link set dev ${tap} down`],
    },
    ...(rules.length === 0
      ? []
      : [
          {
            kind: 'ip' as const,
            what: `look packets of ${tap} up in table ${lookup?.table}`,
            need: 'must' as const,
            lines: rules,
            undo: (lookup?.families ?? []).map((family) => ruleLine('del', { tap, family })),
          },
        ]),
    ...(proxies.length === 0
      ? []
      : [
          {
            kind: 'ip' as const,
            what: `answer for the addresses of ${tap}`,
            need: 'must' as const,
            lines: proxies.map(
              ({ address, device }) => `neigh replace proxy ${address} dev ${device}`,
            ),
            undo: proxies.map(({ address, device }) => `neigh del proxy ${address} dev ${device}`),
          },
        ]),
  ]
}

/** A route through a tap, as `ip route replace` takes it. */
function routeLine({ destination, via, table }: TapRoute, tap: string): string {
  const hop = via === undefined ? '' : ` via ${via}`
  const where = table === undefined ? '' : ` table ${table}`
  return `route replace ${formatCidr(destination)}${hop} dev ${tap}${where} proto ${routingProtocol}`
}
