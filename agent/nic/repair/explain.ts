import { refusalTexts } from '#nic/rules/reasons.js'
import type { RefusalCount } from './tap-rules.js'

/** Why packets of a tap were refused, or would be. */
export interface Explanation extends RefusalCount {
  /** What is wrong with them. */
  readonly sentence: string
  /** It was counted between the two readings. */
  readonly isGrowing: boolean
}

/** Reasons that have counted anything: what grows first, then by how much was counted. */
export function explainRefusals({
  before,
  after,
}: {
  readonly before: readonly RefusalCount[]
  readonly after: readonly RefusalCount[]
}): readonly Explanation[] {
  const earlier = new Map(before.map(({ reason, packets }) => [reason, packets]))
  return after
    .filter(({ packets }) => packets > 0)
    .map((count) => ({
      ...count,
      sentence: sentenceOf(count.reason),
      isGrowing: count.packets > (earlier.get(count.reason) ?? 0),
    }))
    .sort((a, b) => Number(b.isGrowing) - Number(a.isGrowing) || b.packets - a.packets)
}

/** A rule that an administrator has put into our chain has a comment of his own. */
function sentenceOf(reason: string): string {
  const texts: Readonly<Record<string, string>> = refusalTexts
  return texts[reason] ?? 'a rule says so that is none of ours'
}
