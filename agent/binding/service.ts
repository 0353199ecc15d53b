import type { Cidr4, Cidr6 } from '#addr/cidr.js'
import type { IfName } from '#addr/if-name.js'
import type { Ipv4 } from '#addr/ipv4.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { Mac } from '#addr/mac.js'

/** How a NIC's frames reach the host: Ganeti's NIC modes. */
export type NicMode = 'bridged' | 'routed' | 'openvswitch' | 'ext'

/**
 * Everything that one NIC may be told, with defaults, network tags and the binding's own settings already merged.
 * Whatever is undefined is not served: its packets pass as if we did not exist.
 */
export interface NicService {
  readonly tap: IfName
  /** The NIC's own address: the Ethernet source that its packets must have. */
  readonly mac: Mac
  readonly instance: string
  /** The NIC within its instance: its name, else its index. */
  readonly nic: string
  readonly network: string | undefined
  readonly mode: NicMode
  /** The device whose hardware address answers carry as their source: the bridge, or the tap itself when routed. */
  readonly sourceDevice: IfName
  /** The IPv6 address that it was given beside those that it makes itself. */
  readonly ip6: Ipv6 | undefined
  /** Whether this host is the NIC's router: always when routed, on a bridge only where the administrator says so. */
  readonly isGateway: boolean
  /** Whether packets pass or are dropped while nobody answers. */
  readonly whenDown: 'pass' | 'drop'
  /** Whether packets with another Ethernet source are refused (nfdhcpd's MACSPOOF switches it off). */
  readonly checksSource: boolean
  readonly dhcp4: Dhcp4Service | undefined
  readonly ra: RaService | undefined
  readonly neighbours: NeighbourService | undefined
  readonly dhcp6: Dhcp6Service | undefined
}

/** What DHCPv4 tells a NIC (RFC 2131, RFC 2132). */
export interface Dhcp4Service {
  /** The one address of this NIC. */
  readonly address: Ipv4
  /** Option 12, the host's name without domain. */
  readonly hostname: string | undefined
  readonly network: Dhcp4Network
}

/** What DHCPv4 tells all NICs of a network that have no settings of their own: one value, that thousands share. */
export interface Dhcp4Network {
  readonly prefixLength: number
  /** Option 3; undefined for a NIC without default route. */
  readonly router: Ipv4 | undefined
  /** Source address and option 54. */
  readonly serverId: Ipv4
  /** Options 51, 58 and 59. */
  readonly leaseSeconds: number
  readonly renewSeconds: number
  readonly rebindSeconds: number
  /** Option 15, and the second part of option 81. */
  readonly domain: string | undefined
  /** Option 119 (RFC 3397). */
  readonly searchList: readonly string[]
  /** Option 6. */
  readonly nameservers: readonly Ipv4[]
  /** Option 42. */
  readonly ntpServers: readonly Ipv4[]
  /** Option 26: configured; undefined for the MTU of the tap. */
  readonly mtu: number | undefined
  /** Options 121 and 249 (RFC 3442), without the default route, which the encoder adds. */
  readonly routes: readonly ClasslessRoute[]
  /** Option 114 (RFC 8910). */
  readonly captivePortal: string | undefined
  /** Option 108 (RFC 8925): seconds without IPv4, told only to whoever asks for it; undefined for never. */
  readonly v6OnlyWaitSeconds: number | undefined
  /** Option 80 (RFC 4039): DISCOVER is answered by ACK when the client wants that. */
  readonly hasRapidCommit: boolean
  /** Network boot; the first rule that fits the client wins. */
  readonly boot: readonly BootRule[]
  /** Any other option as it is sent; wins over our own value of the same code. */
  readonly rawOptions: readonly RawOption[]
}

/** One route of option 121. */
export interface ClasslessRoute {
  readonly destination: Cidr4
  /** 0.0.0.0 for a destination on the link itself. */
  readonly gateway: Ipv4
}

/** What a client that boots from the network is told (RFC 4578, RFC 5970; options 60, 66, 67, 150 and field siaddr). */
export interface BootRule {
  /** Client architectures of option 93 (IANA "Processor Architecture Types"); empty fits all, also clients without option 93. */
  readonly architectures: readonly number[]
  /** Fits clients whose user class (77) contains this, such as `iPXE`; undefined fits all. */
  readonly userClass: string | undefined
  /** Option 66 and siaddr where it is an address. */
  readonly server: string | undefined
  /** Option 67 and field `file`: a path, or an URL for HTTP boot (then option 60 says HTTPClient). */
  readonly file: string
}

/** An option that is sent as these bytes. */
export interface RawOption {
  /** 1 to 254 for DHCPv4, 1 to 65535 for DHCPv6. */
  readonly code: number
  readonly value: Uint8Array
}

/** What router advertisements tell a NIC (RFC 4861 §4.2). */
export interface RaService {
  /** 0 where this host is not the router (RFC 4861 §6.2.3). At most 9000 (RFC 4861), or 65535 by RFC 8319. */
  readonly routerLifetimeSeconds: number
  /** RFC 4191 §2.2. */
  readonly preference: 'low' | 'medium' | 'high'
  /** 0 for unspecified. */
  readonly hopLimit: number
  /** Flags M and O; true only when DHCPv6 stands behind them. */
  readonly isManaged: boolean
  readonly hasOtherConfig: boolean
  readonly prefixes: readonly AdvertisedPrefix[]
  /** MTU option: configured; undefined for the MTU of the tap. */
  readonly mtu: number | undefined
  /** RFC 8106. */
  readonly nameservers: readonly Ipv6[]
  readonly searchList: readonly string[]
  readonly dnsLifetimeSeconds: number
  /** RFC 4191 §2.3. */
  readonly routes: readonly AdvertisedRoute[]
  /** RFC 8781: the NAT64 prefix, /32 /40 /48 /56 /64 or /96. */
  readonly pref64: Cidr6 | undefined
  /** RFC 8910 option 37. */
  readonly captivePortal: string | undefined
  /** The router's address, the same on every node; undefined for the one that the source device's hardware address gives. */
  readonly sourceAddress: Ipv6 | undefined
  /** Bounds of the time between two unsolicited advertisements (RFC 4861 §6.2.1); undefined for none but answers. */
  readonly interval: { readonly minSeconds: number; readonly maxSeconds: number } | undefined
}

/** A prefix information option (RFC 4861 §4.6.2). */
export interface AdvertisedPrefix {
  readonly prefix: Cidr6
  readonly isOnLink: boolean
  readonly isAutonomous: boolean
  readonly validSeconds: number
  readonly preferredSeconds: number
}

/** A route information option (RFC 4191 §2.3). */
export interface AdvertisedRoute {
  readonly prefix: Cidr6
  readonly preference: 'low' | 'medium' | 'high'
  readonly lifetimeSeconds: number
}

/**
 * For which addresses neighbour solicitations are answered with the host's own hardware address; never for those that the NIC
 * itself may have. One value for all NICs of a network.
 */
export interface NeighbourService {
  /** The router's addresses. */
  readonly targets: readonly Ipv6[]
  /** The network, in which each NIC makes itself an address. */
  readonly subnet: Cidr6
  /** Whether every other address of the network is answered for: where the host routes between neighbours of one prefix. */
  readonly isProxy: boolean
}

/** What DHCPv6 tells a NIC (RFC 9915, formerly RFC 8415). */
export interface Dhcp6Service {
  /** IA_NA: the one address; undefined for stateless service (NoAddrsAvail). */
  readonly address: Ipv6 | undefined
  /** IA_PD: the one delegated prefix; undefined for none (NoPrefixAvail). */
  readonly delegatedPrefix: Cidr6 | undefined
  /** Option 39 (RFC 4704): the host's name; its domain is the network's. */
  readonly hostname: string | undefined
  readonly network: Dhcp6Network
}

/** What DHCPv6 tells all NICs of a network that have no settings of their own: one value, that thousands share. */
export interface Dhcp6Network {
  /** Option 2: constant, the same on every node, so that a migrated guest finds its server again. */
  readonly serverDuid: Uint8Array
  readonly preferredSeconds: number
  readonly validSeconds: number
  readonly renewSeconds: number
  readonly rebindSeconds: number
  /** Option 23. */
  readonly nameservers: readonly Ipv6[]
  /** Option 24. */
  readonly searchList: readonly string[]
  /** Option 56 (RFC 5908), server addresses. */
  readonly ntpServers: readonly Ipv6[]
  /** The second part of option 39; undefined for names without domain. */
  readonly domain: string | undefined
  /** Option 59 (RFC 5970) and the architectures (option 61) that it is for. */
  readonly boot: readonly BootRule[]
  /** Option 14. */
  readonly hasRapidCommit: boolean
  /** Options 82 and 83 (RFC 9915 §21.24). */
  readonly solMaxRtSeconds: number | undefined
  readonly infMaxRtSeconds: number | undefined
  /** Option 32. */
  readonly informationRefreshSeconds: number | undefined
  readonly rawOptions: readonly RawOption[]
}
