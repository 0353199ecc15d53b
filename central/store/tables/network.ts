import type { ColumnType, Generated } from 'kysely'
import type { Flag } from './flag.js'

/** How a network is realised (Synnefo's flavors). */
export type NetworkFlavor = 'CUSTOM' | 'IP_LESS_ROUTED' | 'MAC_FILTERED' | 'PHYSICAL_VLAN'

/** How a network is. */
export type NetworkState = 'PENDING' | 'ACTIVE' | 'ERROR' | 'DELETED'

/** A virtual network. */
export interface NetworkTable {
  readonly id: Generated<number>
  readonly name: string
  /** Null: the provider's own. */
  readonly project_id: string | null
  readonly user_id: string | null
  readonly flavor: NetworkFlavor
  readonly mode: 'bridged' | 'routed' | 'openvswitch'
  readonly link: string
  /** Five hexadecimal digits, `aa:00:1`; the backend's own follows. */
  readonly mac_prefix: string
  /** Ganeti's name of one that was there before us; null: prefix `net-` id. Begins with `link:` when Ganeti knows only a link. */
  readonly ganeti_name: string | null
  /** JSON list: Ganeti's tags of it. */
  readonly tags: string
  /** Everybody may connect to it, by floating addresses or by whatever its subnets give. */
  readonly is_public: Flag
  readonly is_floating_pool: Flag
  /** Gets no new ports. */
  readonly is_drained: Flag
  readonly state: NetworkState
  /** A tenant or an admin asked to delete it. */
  readonly is_deleting: Flag
  readonly created_ms: number
  readonly updated_ms: number
  readonly deleted_ms: number | null
}

/** A network in a cluster. */
export interface BackendNetworkTable {
  readonly backend_id: number
  readonly network_id: number
  readonly state: NetworkState
  readonly stamp: string
  /** The intent that makes it there; ports that come meanwhile wait for its job. */
  readonly intent_id: number | null
}

/** Addresses of a network. */
export interface SubnetTable {
  readonly id: Generated<number>
  readonly network_id: number
  readonly name: string
  readonly ip_version: 4 | 6
  readonly cidr: string
  readonly gateway_ip: string | null
  readonly is_dhcp: Flag
  readonly is_slaac: Flag
  /** JSON lists. */
  readonly dns_nameservers: string
  readonly host_routes: string
  /** JSON list of `{start, end}`. */
  readonly allocation_pools: string
  readonly created_ms: number
  readonly updated_ms: number
}

/** Where values come from that nobody may have twice. */
export interface PoolTable {
  readonly id: Generated<number>
  readonly kind: 'ipv4' | 'mac-prefix' | 'bridge'
  /** Of `ipv4`. */
  readonly subnet_id: number | null
  readonly base: string
  readonly size: number
}

/** One value of a pool. */
export interface PoolValueTable {
  readonly id: Generated<number>
  readonly pool_id: number
  /** Position in the pool; values that were free for longest are given first, then by it. */
  readonly ordinal: number
  readonly value: string
  /** Null: nobody has it. */
  readonly owner_kind: 'port' | 'floating-ip' | 'network' | null
  readonly owner_id: number | null
  /** When its last owner gave it back, from when quarantine counts; 0: nobody has had it. */
  readonly free_ms: number
  /** An admin keeps it for something else: it is not given, also not after its owner, if it has one, gave it back. */
  readonly is_reserved: Flag
  /** When Ganeti was told so, or otherwise; empty: it was not. */
  readonly reserved_stamp: ColumnType<string, string | undefined, string>
}

/** A network interface, or the promise of one. */
export interface PortTable {
  readonly id: Generated<number>
  /** The tenant's name for it. */
  readonly name: string
  readonly project_id: string
  readonly user_id: string
  readonly network_id: number
  readonly server_id: number | null
  /** Ganeti's name of the NIC: prefix `nic-` id, or what an adopted one has. */
  readonly nic_name: string
  readonly nic_uuid: string | null
  readonly nic_index: number | null
  /** Ganeti draws it; null until it is known. */
  readonly mac: string | null
  readonly state: 'ACTIVE' | 'BUILD' | 'ERROR' | 'DOWN'
  /** Somebody made it by itself: it stays, with its addresses, when it leaves a server. */
  readonly is_kept: Flag
  /** It was asked for that it leaves its server. */
  readonly is_leaving: Flag
  /** Ganeti's tag: `protected`, `limited`, `unprotected`; null: none. */
  readonly firewall: string | null
  /** When the guest took its lease, as its node told. */
  readonly leased_ms: number | null
  readonly created_ms: number
  readonly updated_ms: number
}

/** An address of a port. */
export interface AddressTable {
  readonly id: Generated<number>
  readonly port_id: number
  readonly network_id: number
  readonly subnet_id: number | null
  readonly ip_version: 4 | 6
  readonly address: string
  /** Of IPv4 addresses out of a pool. */
  readonly pool_value_id: number | null
  readonly floating_ip_id: number | null
}

/** An address that a project keeps, with or without a port. */
export interface FloatingIpTable {
  readonly id: Generated<number>
  readonly project_id: string
  readonly user_id: string
  readonly network_id: number
  readonly address: string
  readonly pool_value_id: number
  readonly port_id: number | null
  readonly created_ms: number
}
