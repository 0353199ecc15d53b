import type { Cidr6 } from '#addr/cidr.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { Mac } from '#addr/mac.js'

/** An option of neighbour discovery (RFC 4861 §4.6). */
export type NdpOption =
  | { readonly kind: 'source-link-layer-address'; readonly mac: Mac }
  | { readonly kind: 'target-link-layer-address'; readonly mac: Mac }
  | PrefixInformation
  | { readonly kind: 'mtu'; readonly mtu: number }
  | {
      /** RFC 4191 §2.3. */
      readonly kind: 'route'
      /** Without host bits. */
      readonly prefix: Cidr6
      readonly preference: RouterPreference
      readonly lifetimeSeconds: number
    }
  | {
      /** RFC 8106 §5.1. */
      readonly kind: 'dns-servers'
      readonly lifetimeSeconds: number
      readonly addresses: readonly Ipv6[]
    }
  | {
      /** RFC 8106 §5.2. */
      readonly kind: 'dns-search-list'
      readonly lifetimeSeconds: number
      readonly names: readonly string[]
    }
  | {
      /** RFC 8781 §4; the prefix is a /96, /64, /56, /48, /40 or /32 without host bits, the lifetime a multiple of 8 to 65528. */
      readonly kind: 'pref64'
      readonly prefix: Cidr6
      readonly lifetimeSeconds: number
    }
  | { readonly kind: 'captive-portal'; readonly uri: string }
  | {
      /** Any other one, and those whose value is not as it should be. */
      readonly kind: 'raw'
      readonly type: number
      /** Everything after the first two bytes: 6 bytes more than a multiple of 8. */
      readonly body: Uint8Array
    }

/** RFC 4861 §4.6.2, with the flags of RFC 6275 §7.2 and RFC 9762 §3. */
export interface PrefixInformation {
  readonly kind: 'prefix'
  /** Host bits are kept: with flag R it is the router's address. */
  readonly prefix: Cidr6
  /** L. */
  readonly isOnLink: boolean
  /** A. */
  readonly isAutonomous: boolean
  /** R. */
  readonly isRouterAddress: boolean
  /** P: hosts should rather ask for a prefix of their own by DHCPv6. */
  readonly isDelegationPreferred: boolean
  /** 0xffffffff for ever. */
  readonly validSeconds: number
  readonly preferredSeconds: number
}

/** RFC 4191 §2.1. */
export type RouterPreference = 'low' | 'medium' | 'high'

/** Types of options (IANA "IPv6 Neighbor Discovery Option Formats"). */
export const ndpOptionType = {
  sourceLinkLayerAddress: 1,
  targetLinkLayerAddress: 2,
  prefix: 3,
  mtu: 5,
  route: 24,
  dnsServers: 25,
  dnsSearchList: 31,
  captivePortal: 37,
  pref64: 38,
} as const

/** The two bits that a preference is, as they stand in an RA's flags and in a route option (RFC 4191 §2.1). */
export const preferenceBits = { medium: 0x00, high: 0x08, low: 0x18 } as const

/** Where those two bits stand. */
export const preferenceMask = 0x18

/** Prefix lengths in the order of their codes (RFC 8781 §4). */
export const pref64Lengths: readonly number[] = [96, 64, 56, 48, 40, 32]
