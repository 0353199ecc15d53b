import type { CentralConfig } from '#central/config/central-config.js'
import type { EventFeed } from '#central/events/event-feed.js'
import type { Names } from '#central/names.js'
import type { Sealer } from '#central/store/seal.js'
import type { Store } from '#central/store/store.js'
import type { Log } from '#service/log.js'
import type { Metrics } from '#service/metrics.js'

/** What every route may use. Nothing here ever waits for Ganeti but `findConsole`. */
export interface Context {
  readonly store: Store
  readonly names: Names
  readonly sealer: Sealer
  readonly config: CentralConfig
  readonly log: Log
  readonly metrics: Metrics
  readonly nowMs: () => number
  /** Says that intents were committed: they are submitted at once. */
  readonly wakeEffects: () => void
  /** Says that events were committed: those who listen get them. */
  readonly wakeEvents: () => void
  /** What `GET /events` follows; `wakeEvents` wakes it. */
  readonly events: EventFeed
  /** Where the screen of an instance is right now; undefined when no console can be given here at all. */
  readonly findConsole?: (instance: InstanceAddress) => Promise<ConsoleAddress | undefined>
}

/** An instance of a cluster. */
export interface InstanceAddress {
  readonly backendId: number
  readonly instanceName: string
}

/** Where a VNC server listens. */
export interface ConsoleAddress {
  readonly host: string
  readonly port: number
}

/** Who asks. */
export interface Caller {
  readonly userId: string
  readonly userName: string
  readonly projectId: string
  readonly projectName: string
  /** Admins see and touch everything. */
  readonly isAdmin: boolean
}
