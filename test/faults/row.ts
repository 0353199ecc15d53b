import type { Random } from '../fuzz/random.js'
import type { RealLoad } from './real-load.js'
import type { ReplaySite } from './replay-site.js'
import type { World } from './world.js'

/** What a fault works with while all loads run. */
export interface RowContext {
  readonly world: World
  /** The agent under test, on recorded jobs. */
  readonly kept: ReplaySite
  /** The same agent without its outbox. */
  readonly forgetful: ReplaySite
  readonly load: RealLoad
  readonly random: Random
  readonly isShort: boolean
  /** Waits so long, while the loads go on. */
  readonly pass: (seconds: number) => Promise<void>
  /** Names something that must arrive beside what job files say. */
  readonly owe: (fact: string) => void
  /** Counts something that the page shows beside the table: a crash point that was hit. */
  readonly count: (what: string) => void
}

/** One row of the matrix. */
export interface Row {
  readonly name: string
  /** What happens, as the page says it. */
  readonly title: (isShort: boolean) => string
  /** How many nodes the cluster needs. */
  readonly nodes: 1 | 3
  /** Whether the outbox is what saves the facts, so that the control must lose some. */
  readonly isSavedByOutbox: boolean
  readonly hasOwnClock?: boolean
  /** Messages about NICs are facts as well (nic-messages.ts). */
  readonly hasNicFacts?: boolean
  /** The fault itself starts and ends the agents of the recorded jobs. */
  readonly hasOwnLives?: boolean
  /** Before the agents are started. */
  readonly prepare?: (kept: ReplaySite) => Promise<AsyncDisposable>
  /** Brings the fault about and ends it. */
  readonly strike: (context: RowContext) => Promise<void>
}
