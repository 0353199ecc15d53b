import type { IfName } from '#addr/if-name.js'

/** Families of nftables that have a table of ours. */
export type RuleFamily = 'netdev' | 'bridge' | 'inet'

/** The rules of one tap as the kernel has them. */
export interface TapRules {
  /** Of all that they say, but for their counters: the same for the same rules. */
  readonly digest: string
  readonly chains: readonly {
    readonly family: RuleFamily
    readonly name: string
    readonly ruleCount: number
  }[]
  readonly refusals: readonly RefusalCount[]
}

/** What a dropping rule, or one that would drop, has counted since it was made. */
export interface RefusalCount {
  /** Its comment, {@link Refusal}. */
  readonly reason: string
  readonly packets: number
  readonly bytes: number
}

/** Rules of taps, of those that are gone as well. */
export type RulesByTap = ReadonlyMap<IfName, TapRules>
