import type { IfName } from '#addr/if-name.js'
import type { Ipv4 } from '#addr/ipv4.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { Mac } from '#addr/mac.js'
import type { BoundNetwork } from '#binding/binding.js'
import type { NicMode } from '#binding/service.js'

/** A NIC as Ganeti describes it: to its script when the tap comes up, and in the runtime file of a running instance. */
export interface Nic {
  readonly tap: IfName
  readonly instance: string
  /** Place within the instance, from 0, at the time when the tap was made. */
  readonly index: number
  readonly name: string | undefined
  readonly uuid: string
  readonly mac: Mac
  readonly mode: NicMode
  /** Bridge, switch or routing table; empty for none (routed: the main table). */
  readonly link: string
  readonly vlan: Vlan | undefined
  readonly ip: Ipv4 | undefined
  /** Ganeti takes either kind for a NIC's address. */
  readonly ip6: Ipv6 | undefined
  readonly network: NicNetwork | undefined
  /** Tags of the instance; undefined where nobody could say: runtime files hold none. */
  readonly instanceTags: readonly string[] | undefined
}

/** The Ganeti network of a NIC. */
export interface NicNetwork extends BoundNetwork {
  /** First octets that hardware addresses of the network share, `aa:00:01`. */
  readonly macPrefix: string | undefined
}

/** VLANs of a NIC (Ganeti's grammar: `.100` native, `:100:200` tagged, `.100:200:300` both). Ids are 1 to 4094. */
export interface Vlan {
  /** What frames without a tag belong to. */
  readonly native: number | undefined
  /** What the guest may tag itself. */
  readonly tagged: readonly number[]
}
