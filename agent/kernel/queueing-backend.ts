import type { QueueEntry } from '#nic/queueing/plan.js'

/** Who puts queueing rules in place: nft, or iptables and ip6tables. Every method throws AgentError PROGRAM_FAILED. */
export interface QueueingBackend {
  readonly name: 'nft' | 'iptables'
  /** Makes exactly these entries so, whatever is there, without a moment in between. */
  install(entries: ReadonlyMap<string, QueueEntry>): Promise<void>
  /** Comes from one set of entries, which the last call made so, to another; may fail where somebody changed the rules since. */
  change(from: ReadonlyMap<string, QueueEntry>, to: ReadonlyMap<string, QueueEntry>): Promise<void>
  /** What is otherwise than these entries ask, one sentence each. */
  drift(entries: ReadonlyMap<string, QueueEntry>): Promise<readonly string[]>
  /** Removes all that is ours; true when there was something. */
  remove(): Promise<boolean>
}
