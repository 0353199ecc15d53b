import type { Attachment, DesiredNic } from './desired.js'
import type { NicFacts } from './facts.js'
import { sysctlSteps } from './plan-sysctls.js'
import type { Step } from './step.js'
import { tapState } from './tap-state.js'

/** The steps by which a tap becomes a port of Open vSwitch. */
export function planOpenvswitch({
  desired,
  attachment: { bridge, vlan },
  facts,
}: {
  readonly desired: DesiredNic
  readonly attachment: Extract<Attachment, { kind: 'openvswitch' }>
  readonly facts: NicFacts
}): readonly Step[] {
  const { tap } = desired.nic
  const { mac } = tapState(desired, facts)
  return [
    ...sysctlSteps(desired, facts),
    {
      kind: 'ip',
      what: `give ${tap} its address`,
      need: 'must',
      lines: [`link set dev ${tap}${mac === undefined ? '' : ` address ${mac}`}`],
      undo: [`link set dev ${tap} down`],
    },
    {
      kind: 'ovs',
      what: `make ${tap} a port of ${bridge}`,
      need: 'must',
      // one transaction; the database remembers ports of taps that are long gone, on other switches too
      args: [
        ...['--', '--if-exists', 'del-port', tap],
        ...['--', 'add-port', bridge, tap],
        ...(vlan?.native === undefined ? [] : [`tag=${vlan.native}`]),
        ...(vlan === undefined || vlan.tagged.length === 0
          ? []
          : [`trunks=${vlan.tagged.join(',')}`]),
        ...(vlan?.native !== undefined && vlan.tagged.length > 0
          ? ['vlan_mode=native-untagged']
          : []),
      ],
      undo: ['--', '--if-exists', 'del-port', tap],
    },
    {
      kind: 'ip',
      what: `bring ${tap} up`,
      need: 'must',
      lines: [`link set dev ${tap} up`],
      undo: [`link set dev ${tap} down`],
    },
  ]
}
