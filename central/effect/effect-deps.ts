import type { Sealer } from '#central/store/seal.js'
import type { Change, Store } from '#central/store/store.js'
import type { Log } from '#service/log.js'
import type { Clients } from './clients.js'
import type { SimulatedMessage } from './simulated-message.js'

/** Where the effect path is within the life of an intent: what was done when it is told. Tests stop the program there. */
export type EffectStep =
  | 'claimed'
  | 'called'
  | 'submitted'
  | 'looked-for'
  | 'found'
  | 'followed'
  | 'ended'

/** Times of the effect path. */
export interface EffectOptions {
  /** How often the store is looked at for what nobody woke us for. */
  readonly pollMs: number
  /** How many calls to one cluster are under way at most. */
  readonly concurrency: number
  /**
   * How long after a call whose outcome is unknown its job may still turn up. Longer than a call may take at us, and then at
   * Ganeti: only after it the call is made again.
   */
  readonly safeMs: number
  /** How soon after its submission a job is asked for that no message has told of. */
  readonly followMs: number
  /** What could not be submitted for so long has failed. */
  readonly giveUpMs: number
  /** Whether NICs are plugged into running instances. */
  readonly hotplug: boolean
}

/** Takes messages in a change, as if they had come from the broker (`central/update/`). */
export type TakeMessages = (tx: Change, messages: readonly SimulatedMessage[]) => Promise<unknown>

/** What the effect path works with. */
export interface EffectDeps {
  readonly store: Store
  readonly sealer: Sealer
  readonly clients: Clients
  readonly log: Log
  readonly nowMs: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly takeMessages: TakeMessages
  /** Says that events were committed. */
  readonly wakeEvents: () => void
  readonly passed: (step: EffectStep) => void
  readonly options: EffectOptions
}

/** As shipped. */
export const defaultEffectOptions: EffectOptions = {
  pollMs: 2_000,
  concurrency: 8,
  safeMs: 180_000,
  followMs: 3_000,
  giveUpMs: 24 * 3_600_000,
  hotplug: true,
}
