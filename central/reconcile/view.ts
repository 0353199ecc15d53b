import type { Row } from '#central/store/schema.js'
import type { JsonObject } from '#ganeti/json-value.js'

/** An instance as the cluster's configuration has it. */
export interface InstanceView {
  readonly name: string
  readonly uuid: string
  readonly node: string
  /** `up`, `down`, `offline`: what it is meant to be. */
  readonly adminState: string
  /** When its entry was last changed, by Ganeti's clock. */
  readonly modifiedUs: number
  /** How often. */
  readonly serial: number
  readonly os: string
  readonly diskTemplate: string
  readonly vcpus: number
  readonly ramMib: number
  readonly diskSizesMib: readonly number[]
  readonly nics: readonly JsonObject[]
  readonly tags: readonly string[]
}

/** A network as the cluster's configuration has it. */
export interface NetworkView {
  readonly name: string
  readonly modifiedUs: number
  readonly groups: readonly string[]
}

/** Some of a cluster's instances at one moment. */
export interface InstancesView {
  readonly instances: readonly InstanceView[]
  /** What jobs that have not ended are about: names of instances and networks. */
  readonly busy: ReadonlySet<string>
}

/** A cluster's networks at one moment. */
export interface NetworksView {
  readonly networks: readonly NetworkView[]
  readonly busy: ReadonlySet<string>
}

/** A port with what Ganeti knows of it. */
export interface PortView {
  readonly nicName: string
  readonly nicUuid: string | null
  readonly mac: string | null
  readonly ip: string | null
  /** Ganeti’s name of its network; null for one that is only a link. */
  readonly network: string | null
  readonly state: string
}

/** What the store holds of some of a cluster's instances. It was read before the cluster was. */
export interface StoredServers {
  readonly servers: readonly Row<'servers'>[]
  /** By server. */
  readonly ports: ReadonlyMap<number, readonly PortView[]>
  /** Servers about which intents have not ended. */
  readonly pending: ReadonlySet<number>
  /** Tasks of servers that no intent will end. */
  readonly orphanTasks: ReadonlySet<number>
}

/** What the store holds of a cluster's networks. It was read before the cluster was. */
export interface StoredNetworks {
  readonly networks: readonly {
    readonly networkId: number
    readonly name: string
    readonly state: string
    readonly stamp: string
    readonly isDeleting: boolean
  }[]
  /** Networks about which intents have not ended. */
  readonly pending: ReadonlySet<number>
}
