import type { Cidr4, Cidr6 } from '#addr/cidr.js'
import type { IfName } from '#addr/if-name.js'
import type { Ipv4 } from '#addr/ipv4.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { Mac } from '#addr/mac.js'
import type { NicVlan } from './vlan.js'

/** Ganeti's NIC modes (constants.NIC_VALID_MODES; `ext` since 3.2). */
export const nicModes = ['bridged', 'routed', 'openvswitch', 'ext'] as const

/** One of {@link nicModes}. */
export type NicModeWord = (typeof nicModes)[number]

/** What Ganeti says of a NIC, wherever it says it. */
export interface NicDescription {
  readonly name: string | undefined
  readonly uuid: string
  readonly mac: Mac
  readonly mode: NicModeWord
  /** Empty for none. */
  readonly link: string
  readonly vlan: NicVlan | undefined
  /** Ganeti takes an address of either family. */
  readonly ip: Ipv4 | undefined
  readonly ip6: Ipv6 | undefined
  readonly network: NetworkDescription | undefined
}

/** What it tells its script beside: where the NIC belongs. */
export interface NicWords extends NicDescription {
  readonly tap: IfName
  readonly instance: string
  readonly index: number
  readonly instanceTags: readonly string[]
}

/** A Ganeti network. */
export interface NetworkDescription {
  readonly name: string
  readonly uuid: string
  readonly tags: readonly string[]
  readonly subnet: Cidr4 | undefined
  readonly gateway: Ipv4 | undefined
  readonly subnet6: Cidr6 | undefined
  readonly gateway6: Ipv6 | undefined
  /** First octets of the network's hardware addresses, `aa:00:01`. */
  readonly macPrefix: string | undefined
}
