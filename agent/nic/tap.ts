import type { Cidr4, Cidr6 } from '#addr/cidr.js'
import type { IfName } from '#addr/if-name.js'
import type { Ipv4 } from '#addr/ipv4.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { Mac } from '#addr/mac.js'
import type { Vlan } from './nic.js'

/**
 * What ip, bridge and /proc/sys say of a tap that is as it was decided: what a plan brings about, and what repair compares. What is
 * undefined is nobody's business.
 */
export interface TapState {
  readonly tap: IfName
  readonly mac: Mac | undefined
  /** Bytes. */
  readonly mtu: number | undefined
  readonly master: IfName | undefined
  /** Of a port of a VLAN-aware bridge. */
  readonly vlan: Vlan | undefined
  /** Addresses of this host on the tap. */
  readonly addresses: readonly Cidr6[]
  readonly routes: readonly TapRoute[]
  /** Families in which packets from the tap are looked up in this table; no rule at all for the main table. */
  readonly lookup: { readonly table: string; readonly families: readonly (4 | 6)[] } | undefined
  /** Permanent entries: the guest is never asked for them. */
  readonly neighbours: readonly { readonly address: Ipv4 | Ipv6; readonly mac: Mac }[]
  /** For whom this host answers, and where. */
  readonly proxies: readonly ProxyEntry[]
  readonly sysctls: readonly Sysctl[]
}

/** A route through the tap. */
export interface TapRoute {
  readonly destination: Cidr4 | Cidr6
  readonly via: Ipv6 | undefined
  /** Undefined for the main table. */
  readonly table: string | undefined
}

/** An address that this host answers for on a device (`ip neigh show proxy`). */
export interface ProxyEntry {
  readonly address: Ipv4 | Ipv6
  readonly device: IfName
}

/** A file below /proc/sys. */
export interface Sysctl {
  readonly path: string
  readonly value: string
  /** `may`: the kernel may have no such file, or nothing depends on it. */
  readonly need: 'must' | 'may'
}

/** Number by which routes and rules of ours are known (`ip route … proto`, `ip rule … protocol`). */
export const routingProtocol = 110

/** Preference of the rules by which taps get their tables. */
export const rulePreference = 500

/** Whether a text is an IPv6 address. */
export function isIpv6(address: Ipv4 | Ipv6): address is Ipv6 {
  return address.includes(':')
}
