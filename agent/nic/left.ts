import type { IfName } from '#addr/if-name.js'
import type { DesiredNic, PrivateVlan } from './desired.js'
import type { NicFacts } from './facts.js'
import type { ProxyEntry } from './tap.js'
import { tapState } from './tap-state.js'

/** What of a NIC outlives its tap: the kernel forgets routes, neighbours and ports by itself. */
export interface Left {
  readonly tap: IfName
  /** Families in which a rule looks packets from the tap up in a table of their own. */
  readonly lookups: readonly (4 | 6)[]
  readonly proxies: readonly ProxyEntry[]
  /** A bridge that goes with its last port. */
  readonly privateBridge: { readonly bridge: IfName; readonly vlan: PrivateVlan } | undefined
  /** The Open vSwitch whose database keeps the port. */
  readonly ovsBridge: IfName | undefined
  /** The administrator's script that set it up. */
  readonly script: string | undefined
}

/** The script that takes away what the administrator's has set up; it stands beside it, or there is none. */
export function downScriptOf(script: string): string {
  return script.replace(/up$/, 'down')
}

/** What is left of a NIC when its tap is gone. */
export function leftOf(desired: DesiredNic, facts: NicFacts): Left {
  const { attachment } = desired
  const { tap, lookup, proxies } = tapState(desired, facts)
  const vlan = attachment.kind === 'bridged' ? attachment.privateVlan : undefined
  return {
    tap,
    lookups: lookup?.families ?? [],
    // those on the tap itself go with it
    proxies: proxies.filter(({ device }) => device !== tap),
    privateBridge:
      attachment.kind === 'bridged' && vlan !== undefined
        ? { bridge: attachment.bridge, vlan }
        : undefined,
    ovsBridge: attachment.kind === 'openvswitch' ? attachment.bridge : undefined,
    script: attachment.kind === 'ext' ? attachment.script : undefined,
  }
}
