import type { JsonObject } from '#ganeti/json-value.js'

/** What is wrong between the store and a cluster. */
export type FindingKind =
  /** In the store, and not at the cluster. */
  | 'stale-server'
  /** At the cluster under a name of ours, and not in the store. Only reported. */
  | 'orphan-instance'
  /** A power, size, disk, tag or node that differs. */
  | 'unsynced-server'
  | 'unsynced-nics'
  /** A task that no intent will end. */
  | 'pending-task'
  | 'stale-network'
  | 'orphan-network'
  | 'unsynced-network'
  /** At a group of nodes it is missing. Only reported. */
  | 'unconnected-network'
  /** A value of a pool whose owner is gone. */
  | 'leaked-pool-value'

/** One of these, and what is done about it. */
export interface Finding {
  readonly kind: FindingKind
  /** Ganeti's name of what it is about. */
  readonly name: string
  readonly serverId?: number
  /** What differs, to read. */
  readonly detail: string
  readonly action: Action
}

/** What is done about a finding. */
export type Action =
  /** Nothing by us: it is told, for somebody to decide. */
  | { readonly kind: 'report' }
  /** Nothing yet: it must be found again, unchanged, when the grace period is over. `proof` is what must not change. */
  | { readonly kind: 'wait'; readonly proof: string; readonly later: Told }
  /** It is told to the store as if a message had come. */
  | Told
  | { readonly kind: 'clear-task' }

/** Bodies of messages. */
export interface Told {
  readonly kind: 'tell'
  readonly bodies: readonly JsonObject[]
}
