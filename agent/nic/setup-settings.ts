import type { Cidr6 } from '#addr/cidr.js'
import type { IfName } from '#addr/if-name.js'
import type { Mac } from '#addr/mac.js'
import type { Service, Stance } from './desired.js'

/** Every setting of how NICs are set up and isolated, with a value: what section `[nic]` gives. */
export interface CompleteSetup {
  readonly stance: Stance
  readonly ipv4Policy: 'auto' | 'known' | 'open' | 'none'
  readonly ipv6Policy: 'auto' | 'prefix' | 'strict' | 'learn' | 'none' | 'open'
  readonly maxLearntAddresses: number
  readonly ownPrefix: OwnPrefixes | 'none'
  readonly macFilter: boolean | 'auto'
  /** `auto`: by the tag that says so. */
  readonly macMask: Mac | 'auto'
  readonly guestServers: 'auto' | 'refuse' | 'allow'
  readonly etherTypes: readonly number[]
  readonly groupRate: { readonly perSecond: number; readonly burst: number } | 'none'
  /** Name of the profile for NICs that no tag gives one. */
  readonly firewall: string
  readonly hostServices: readonly Service[] | 'all'
  readonly gatewayMac: Mac
  readonly proxyOn: IfName | 'auto' | 'none'
  readonly privateUplink: IfName | 'none'
  readonly privateBridges: BridgeNames
  /** Absolute path of the folder with `up` and `down`. */
  readonly extScripts: string
}

/** What is set of it in one place: a section, or a network's tags. */
export type SetupSettings = Partial<CompleteSetup>

/** Prefixes of one length, cut from a pool, one for each NIC. */
export interface OwnPrefixes {
  readonly pool: Cidr6
  /** Not shorter than the pool's, at most 64. */
  readonly length: number
  /** Which of them a NIC gets: by the place of its IPv4 address in the subnet, or by the lower 24 bits of its hardware address. */
  readonly by: 'ip' | 'mac'
}

/** Names of bridges that have a number in them, which with an offset is a VLAN id: `prv*` and 900 make VLAN 907 of prv7. */
export interface BridgeNames {
  readonly before: string
  readonly after: string
  readonly offset: number
}
