import type { Cidr4, Cidr6 } from '#addr/cidr.js'
import type { IfName } from '#addr/if-name.js'
import type { Ipv4 } from '#addr/ipv4.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { Mac } from '#addr/mac.js'
import type { Nic, Vlan } from './nic.js'

/** Everything that was decided for one NIC: what its tap, its rules and its routes shall be. */
export interface DesiredNic {
  readonly nic: Nic
  readonly stance: Stance
  readonly attachment: Attachment
  readonly guard: Guard
  readonly firewall: Firewall
}

/** Whether rules drop, only count what they would drop, or are not there at all. */
export type Stance = 'enforce' | 'observe' | 'disabled'

/** How the tap reaches its network. */
export type Attachment =
  | {
      readonly kind: 'bridged'
      readonly bridge: IfName
      /** Undefined: the bridge's own default. */
      readonly vlan: Vlan | undefined
      /** A bridge that is made for its first tap and goes with its last. */
      readonly privateVlan: PrivateVlan | undefined
    }
  | {
      readonly kind: 'routed'
      /** Name or number; undefined for the main table. */
      readonly table: string | undefined
      /** Hardware address of the tap, the same on every node: a migrated guest keeps its gateway. */
      readonly gatewayMac: Mac
      /** Link-local address of the gateway; undefined for what {@link gatewayMac} gives. */
      readonly gatewayAddress6: Ipv6 | undefined
      /** What is reached through the tap: the NIC's addresses, its prefix, extra ones. */
      readonly routes4: readonly Cidr4[]
      readonly routes6: readonly Route6[]
      /** Addresses whose hardware address is known: no ARP, no neighbour solicitation ever goes to the guest for them. */
      readonly neighbours: readonly (Ipv4 | Ipv6)[]
      /** Where this host answers ARP and neighbour solicitations for the guest's addresses; undefined: nowhere. */
      readonly proxyOn: IfName | 'auto' | undefined
    }
  | { readonly kind: 'openvswitch'; readonly bridge: IfName; readonly vlan: Vlan | undefined }
  | {
      readonly kind: 'ext'
      /** The administrator's script. */
      readonly script: string
    }

/** A VLAN with a bridge of its own. */
export interface PrivateVlan {
  readonly uplink: IfName
  /** The 802.1Q device on it. */
  readonly device: IfName
  /** 1 to 4094. */
  readonly id: number
}

/** An IPv6 route through a tap. */
export interface Route6 {
  readonly destination: Cidr6
  /** Undefined: the destination is on the link. */
  readonly via: Ipv6 | undefined
}

/** What a guest may send. What is undefined is not known, so it is not enforced. */
export interface Guard {
  /** Ethernet sources: the NIC's own first, then those that tags allow (VRRP). Never empty. */
  readonly macs: readonly Mac[]
  /** IPv4 sources and ARP senders. */
  readonly sources4: readonly Cidr4[] | undefined
  readonly sources6: Sources6
  /** Addresses of the network that no guest may claim, whatever else is known: its gateways. */
  readonly gateways4: readonly Ipv4[]
  readonly gateways6: readonly Ipv6[]
  /** On routed taps: for whom the guest may ask by ARP; the host would answer for the whole world. Undefined: for all. */
  readonly arpTargets: readonly Cidr4[] | undefined
  /** Servers that the guest must not play. */
  readonly refuses: { readonly dhcp4: boolean; readonly dhcp6: boolean; readonly ra: boolean }
  /** Frames with a tag of these VLANs pass; all other tagged ones do not. */
  readonly taggedVlans: readonly number[]
  /** Beside IPv4, ARP and IPv6. */
  readonly etherTypes: readonly number[]
  /** Only frames whose source begins so reach the guest: isolation of networks that share a bridge. */
  readonly macFilter: { readonly prefix: Mac; readonly mask: Mac } | undefined
  /** What a guest on a routed tap may open to the host itself; undefined for everything. */
  readonly hostServices: readonly Service[] | undefined
  /** Frames to groups (broadcast, multicast) a second, and how many at once; undefined for no limit. */
  readonly groupRate: { readonly perSecond: number; readonly burst: number } | undefined
}

/** IPv6 sources and neighbour discovery. Link-local addresses of gateways are refused in each. */
export type Sources6 =
  /** Nothing is known. */
  | { readonly policy: 'open' }
  /** The NIC has prefixes of its own: whatever lies in them, and any link-local address. */
  | { readonly policy: 'prefix'; readonly prefixes: readonly Cidr6[] }
  /** These and no others, link-local among them. */
  | { readonly policy: 'strict'; readonly addresses: readonly Cidr6[] }
  /**
   * These, and what the guest was first to claim by duplicate address detection, of these prefixes or link-local (RFC 6620).
   * `domain` names those who share the link: what one has claimed, none of the others can.
   */
  | {
      readonly policy: 'learn'
      readonly addresses: readonly Cidr6[]
      readonly prefixes: readonly Cidr6[]
      readonly domain: string
      readonly maxAddresses: number
    }
  /** No IPv6 at all. */
  | { readonly policy: 'none' }

/** What may reach a guest unasked. */
export interface Firewall {
  /** Name of the profile. */
  readonly profile: string
  /** Whether the instance's tags were known; else the configured default stands in. */
  readonly isKnown: boolean
  readonly inbound: Inbound
}

/** `all`: no state is kept and nothing is asked. Else: answers, the ICMP that is named, and these services. */
export type Inbound =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'listed'
      readonly icmp: 'essential' | 'all'
      readonly services: readonly Service[]
    }

/** A service, by protocol and ports. */
export interface Service {
  readonly protocol: 'tcp' | 'udp' | 'sctp' | number
  /** Both inclusive; undefined for protocols without ports, or all of them. */
  readonly ports: { readonly first: number; readonly last: number } | undefined
  /** Who may use it; empty for everybody. */
  readonly sources: readonly (Cidr4 | Cidr6)[]
}
