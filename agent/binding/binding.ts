import type { Cidr4, Cidr6 } from '#addr/cidr.js'
import type { IfName } from '#addr/if-name.js'
import type { Ipv4 } from '#addr/ipv4.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { Mac } from '#addr/mac.js'
import type { NicMode } from './service.js'
import type { NicSettings } from './settings.js'

/** What one file says of one NIC: who it is, where it is attached, and what is set for it alone. */
export interface Binding {
  /** Who wrote it; nfdhcpd's files mean by being there that their NIC is served. */
  readonly source: 'okeanid' | 'nfdhcpd'
  readonly tap: IfName
  readonly mac: Mac
  readonly instance: string
  /** Its name, else its index within the instance, else the tap. */
  readonly nic: string
  readonly mode: NicMode
  /** The device whose hardware address answers carry: the bridge or switch, or the tap itself. */
  readonly sourceDevice: IfName
  readonly network: BoundNetwork | undefined
  readonly ip: Ipv4 | undefined
  /** An address beside the one that SLAAC gives; DHCPv6 gives it to the guest. */
  readonly ip6: Ipv6 | undefined
  /** The guest's name, with its domain where it has one. */
  readonly hostname: string
  readonly delegatedPrefix: Cidr6 | undefined
  readonly settings: NicSettings
}

/** The Ganeti network of a NIC. */
export interface BoundNetwork {
  /** Undefined in nfdhcpd's files, which do not name it. */
  readonly name: string | undefined
  readonly uuid: string | undefined
  readonly tags: readonly string[]
  readonly subnet: Cidr4 | undefined
  readonly gateway: Ipv4 | undefined
  readonly subnet6: Cidr6 | undefined
  readonly gateway6: Ipv6 | undefined
}

/** What is wrong with a binding. */
export interface BindingProblem {
  /** The key, with those around it: `network.subnet`; empty for the file as a whole. */
  readonly key: string
  /** What is wrong, as the end of a sentence that begins with the key. */
  readonly message: string
}

/** Largest file that is read, in bytes. */
export const maxBindingBytes = 65_536

/** `network.subnet: wants an IPv4 network`. */
export function formatProblem({ key, message }: BindingProblem): string {
  return key === '' ? message : `${key}: ${message}`
}
