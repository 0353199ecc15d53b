import type { IfName } from '#addr/if-name.js'
import { err, ok, type Result } from '#result.js'
import type { Attachment, DesiredNic, PrivateVlan } from './desired.js'
import { type BridgeFacts, type NicFacts, ownAlias } from './facts.js'
import type { Vlan } from './nic.js'
import { sysctlSteps } from './plan-sysctls.js'
import type { Step } from './step.js'
import { tapState } from './tap-state.js'

type Bridged = Extract<Attachment, { kind: 'bridged' }>

/** What is planned, for which host. */
interface Request {
  readonly desired: DesiredNic
  readonly attachment: Bridged
  readonly facts: NicFacts
}

/** The steps by which a tap becomes a port of its bridge. */
export function planBridged(request: Request): Result<readonly Step[], string> {
  const { desired, attachment, facts } = request
  const { tap } = desired.nic
  const { bridge, vlan, privateVlan } = attachment
  const made = privateVlan === undefined ? [] : planPrivateBridge(request, privateVlan)
  if (facts.privateVlan?.hasDevice === true && !facts.privateVlan.isOurs && made.length > 0) {
    return err(
      `interface ${privateVlan?.device} is in use for something else: choose other numbers for private_bridges`,
    )
  }
  if (privateVlan !== undefined && facts.privateVlan?.hasUplink === false) {
    return err(`interface ${privateVlan.uplink} of private_uplink does not exist on this node`)
  }
  if (facts.bridge === undefined && privateVlan === undefined) {
    return err(`bridge ${bridge} does not exist on this node`)
  }
  if (vlan !== undefined && facts.bridge?.isVlanAware !== true) {
    return err(
      `bridge ${bridge} does not filter VLANs, so the NIC's VLAN cannot be kept: ip link set ${bridge} type bridge vlan_filtering 1`,
    )
  }
  const { mac, mtu } = tapState(desired, facts)
  return ok([
    ...made,
    ...sysctlSteps(desired, facts),
    {
      kind: 'ip',
      what: `make ${tap} a port of ${bridge}`,
      need: 'must',
      lines: [
        `link set dev ${tap}${mac === undefined ? '' : ` address ${mac}`}${mtu === undefined ? '' : ` mtu ${mtu}`}`,
        `link set dev ${tap} master ${bridge}`,
      ],
      undo: [`link set dev ${tap} down`, `link set dev ${tap} nomaster`],
    },
    ...(vlan === undefined || facts.bridge === undefined
      ? []
      : vlanSteps(vlan, { tap, bridge: facts.bridge, isPort: facts.tap?.master === bridge })),
    {
      kind: 'ip',
      what: `bring ${tap} up`,
      need: 'must',
      lines: [`link set dev ${tap} up`],
      undo: [`link set dev ${tap} down`],
    },
  ])
}

/**
 * Membership in VLANs: the tap's own, and those of its bridge's other ports that lead out, tagged. The VLAN that every new port is
 * in by default is left; where the tap has been a port before it is added first, for what is not there cannot be removed.
 */
function vlanSteps(
  { native, tagged }: Vlan,
  {
    tap,
    bridge: { defaultVlan, ports },
    isPort,
  }: { readonly tap: IfName; readonly bridge: BridgeFacts; readonly isPort: boolean },
): readonly Step[] {
  const ids = native === undefined ? tagged : [native, ...tagged]
  const isLeft = defaultVlan !== 0 && !ids.includes(defaultVlan)
  const leave = `vlan del dev ${tap} vid ${defaultVlan}`
  const lines = [
    ...(isLeft && isPort ? [`vlan add dev ${tap} vid ${defaultVlan}`] : []),
    ...(isLeft ? [leave] : []),
    ...(native === undefined ? [] : [`vlan add dev ${tap} vid ${native} pvid untagged`]),
    ...tagged.map((id) => `vlan add dev ${tap} vid ${id}`),
    ...ports
      .filter((port) => !isGuestPort(port))
      .flatMap((port) => ids.map((id) => `vlan add dev ${port} vid ${id}`)),
  ]
  return [
    {
      kind: 'bridge',
      what: `put ${tap} into VLAN ${ids.join(', ')}`,
      need: 'must',
      lines,
      undo: [],
    },
  ]
}

/** Taps of guests are told their own VLANs and no others (Ganeti's script goes by the same name). */
function isGuestPort(port: IfName): boolean {
  return port.startsWith('tap')
}

/** A VLAN of the uplink, and the bridge that is made for it: what of both is not there yet. A bridge that the administrator made is his. */
function planPrivateBridge(
  { attachment: { bridge }, facts }: Request,
  { uplink, device, id }: PrivateVlan,
): readonly Step[] {
  const hasDevice = facts.privateVlan?.hasDevice === true
  const hasBridge = facts.bridge !== undefined
  if (facts.bridge?.isOurs === false) return []
  const isUp: Step = {
    kind: 'ip',
    what: `bring ${bridge} up`,
    need: 'must',
    lines: [`link set dev ${device} up`, `link set dev ${bridge} up`],
    undo: [],
  }
  if (hasDevice && facts.bridge?.ports.includes(device) === true) return [isUp]
  const lines = [
    ...(hasBridge
      ? []
      : [
          `link add name ${bridge} type bridge stp_state 0 forward_delay 0`,
          `link set dev ${bridge} alias ${ownAlias}`,
        ]),
    ...(hasDevice
      ? []
      : [
          `link add link ${uplink} name ${device} type vlan id ${id}`,
          `link set dev ${device} alias ${ownAlias}`,
        ]),
    `link set dev ${device} master ${bridge}`,
  ]
  return [
    {
      kind: 'ip',
      what: `make bridge ${bridge} of VLAN ${id} on ${uplink}`,
      need: 'must',
      lines,
      undo: [
        ...(hasDevice ? [] : [`link del dev ${device}`]),
        ...(hasBridge ? [] : [`link del dev ${bridge}`]),
      ],
    },
    {
      kind: 'sysctl',
      what: `keep IPv6 of this host off ${bridge}`,
      need: 'may',
      values: [
        [`net/ipv6/conf/${bridge}/disable_ipv6`, '1'],
        [`net/ipv6/conf/${device}/disable_ipv6`, '1'],
      ],
    },
    isUp,
  ]
}
