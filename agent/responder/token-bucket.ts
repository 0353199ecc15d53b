/** How many packets one guest may send: so many a second for ever, and so many at once. */
export interface RateLimit {
  readonly perSecond: number
  readonly burst: number
}

/** Numbers that a bucket takes: the tokens that are left, and when they were counted in milliseconds. */
export const bucketSize = 2

/** Fills the bucket that stands at `at`. */
export function fillBucket(
  numbers: Float64Array,
  at: number,
  { limit: { burst }, nowMs }: { readonly limit: RateLimit; readonly nowMs: number },
): void {
  numbers[at] = burst
  numbers[at + 1] = nowMs
}

/**
 * Takes one token, if there is one, from the bucket that stands at `at`. Buckets stand in one array, because a host has one
 * for each NIC and asks it for each packet: as objects they cost three times the memory and a cache miss for each number.
 * @param nowMs milliseconds of a clock that never goes back
 */
export function takeToken(
  numbers: Float64Array,
  at: number,
  { perSecond, burst }: RateLimit,
  nowMs: number,
): boolean {
  const earned = ((nowMs - (numbers[at + 1] ?? 0)) * perSecond) / 1000
  const tokens = Math.min(burst, (numbers[at] ?? 0) + earned)
  numbers[at + 1] = nowMs
  numbers[at] = tokens < 1 ? tokens : tokens - 1
  return tokens >= 1
}
