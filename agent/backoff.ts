/** How fast a retry grows and where it stops growing. Milliseconds. */
export interface BackoffPolicy {
  readonly firstMs: number
  readonly maxMs: number
}

/**
 * How long to wait before retry number `attempt` (0 is the first retry): exponential, capped, with full jitter
 * over the upper half, so that many agents do not return at the same moment.
 *
 * @param random a number in [0, 1), from the caller's generator
 */
export function backoffMs(policy: BackoffPolicy, attempt: number, random: number): number {
  const ceilingMs = Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(attempt, 30))
  return Math.round(ceilingMs / 2 + (ceilingMs / 2) * random)
}
