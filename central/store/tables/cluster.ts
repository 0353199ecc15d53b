import type { Flag } from './flag.js'

/** A Ganeti cluster. */
export interface BackendTable {
  /** 0 to 15: the hexadecimal digit that ends MAC prefixes of this cluster (E.2 of Synnefo's networks). */
  readonly id: number
  /** As messages name it. */
  readonly cluster_name: string
  /** RAPI's addresses, JSON list of `https://host:5080`; the master is whichever answers. */
  readonly rapi_urls: string
  readonly rapi_user: string
  /** Sealed (`store/seal.ts`). */
  readonly rapi_password: string
  /** PEM of the authority or of the self-signed certificate itself; what is not signed by it is not spoken to. */
  readonly rapi_ca: string
  /** Whose messages are believed to be of this cluster; null: anybody's. */
  readonly broker_user: string | null
  /** Takes no new servers. */
  readonly is_drained: Flag
  /** Is not spoken to. */
  readonly is_offline: Flag
  readonly hypervisor: string
  /** JSON list. */
  readonly disk_templates: string
  /** JSON list of names of node groups, which networks are connected to; empty text: not asked for yet. */
  readonly node_groups: string
  readonly node_count: number
  readonly cpu_total: number
  readonly memory_total_mib: number
  readonly memory_free_mib: number
  readonly disk_total_mib: number
  readonly disk_free_mib: number
  readonly instance_count: number
  /** When the capacities were read; 0: never. */
  readonly updated_ms: number
  /** Version of Ganeti, `3.1.1`; empty until it was asked. */
  readonly ganeti_version: string
}
