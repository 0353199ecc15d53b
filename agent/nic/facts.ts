import type { IfName } from '#addr/if-name.js'

/** What a plan wants to know of the host. */
export interface NicFacts {
  /** Undefined: there is no such interface. */
  readonly tap: TapFacts | undefined
  /** The bridge of a bridged NIC; undefined: there is none of this name. */
  readonly bridge: BridgeFacts | undefined
  /** Devices of the default routes in a routed NIC's table, where its host answers for it by itself. */
  readonly uplinks: { readonly v4: IfName | undefined; readonly v6: IfName | undefined }
  /** Of a private VLAN: whether its 802.1Q device and the interface below are there. */
  readonly privateVlan: PrivateVlanFacts | undefined
}

/** What is there of a VLAN that a bridge is made for. */
export interface PrivateVlanFacts {
  readonly hasDevice: boolean
  readonly hasUplink: boolean
  /** Whether the device is one that we have made. */
  readonly isOurs: boolean
}

/** What interfaces that we make are called beside their name (`ip link set … alias`): others are never changed nor removed. */
export const ownAlias = 'okeanid'

/** A tap. */
export interface TapFacts {
  readonly ifindex: number
  /** The bridge or switch that it is a port of. */
  readonly master: IfName | undefined
}

/** A bridge. */
export interface BridgeFacts {
  /** Bytes. */
  readonly mtu: number
  /** `vlan_filtering`. */
  readonly isVlanAware: boolean
  /** The VLAN that a new port is a member of, untagged; 0 for none. */
  readonly defaultVlan: number
  readonly ports: readonly IfName[]
  /** Whether it is one that we have made. */
  readonly isOurs: boolean
}
