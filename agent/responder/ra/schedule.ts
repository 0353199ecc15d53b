/** When a NIC's next advertisement is due. */
export interface RaSchedule {
  /** Of a clock that never goes back. */
  readonly nextSeconds: number
  /** Advertisements sent so far. */
  readonly sentCount: number
}

/** Bounds of the time between two unasked advertisements (RFC 4861 §6.2.1). */
export interface RaInterval {
  readonly minSeconds: number
  readonly maxSeconds: number
}

/** A moment and a random number from 0 up to 1, both from outside. */
export interface RaMoment {
  readonly nowSeconds: number
  readonly random: number
}

/**
 * MAX_INITIAL_RTR_ADVERT_INTERVAL, MAX_INITIAL_RTR_ADVERTISEMENTS, MIN_DELAY_BETWEEN_RAS and
 * MAX_FINAL_RTR_ADVERTISEMENTS (RFC 4861 §10).
 */
export const raConstant = {
  maxInitialIntervalSeconds: 16,
  maxInitialCount: 3,
  minDelaySeconds: 3,
  maxFinalCount: 3,
} as const

/**
 * The schedule of a NIC that is served from now on. Its first advertisement comes within 16 seconds, at random, so that
 * the NICs of a host that starts do not all come at once; the guest itself need not wait, for it may ask.
 */
export function firstAdvertisement({ nowSeconds, random }: RaMoment): RaSchedule {
  const waitSeconds = random * raConstant.maxInitialIntervalSeconds
  return { nextSeconds: nowSeconds + waitSeconds, sentCount: 0 }
}

/**
 * The schedule after an unasked advertisement was sent: the next one comes between the bounds at random, so that routers
 * do not fall into step (RFC 4861 §6.2.4); while fewer than three were sent, within 16 seconds; never within 3 seconds
 * (§6.2.6).
 */
export function nextAdvertisement(
  { sentCount }: RaSchedule,
  { minSeconds, maxSeconds }: RaInterval,
  { nowSeconds, random }: RaMoment,
): RaSchedule {
  const sent = sentCount + 1
  const spreadSeconds = minSeconds + random * Math.max(0, maxSeconds - minSeconds)
  const isInitial = sent < raConstant.maxInitialCount
  const initialSeconds = isInitial
    ? Math.min(spreadSeconds, raConstant.maxInitialIntervalSeconds)
    : spreadSeconds
  const waitSeconds = Math.max(initialSeconds, raConstant.minDelaySeconds)
  return { nextSeconds: nowSeconds + waitSeconds, sentCount: sent }
}

/**
 * The schedule when what a NIC is told has changed: hosts should hear of it soon, so the quick ones begin anew (RFC 4861
 * §6.2.4), but not within 3 seconds of what may just have been sent.
 */
export function changedAdvertisement({ nowSeconds, random }: RaMoment): RaSchedule {
  const { minDelaySeconds, maxInitialIntervalSeconds } = raConstant
  const waitSeconds = minDelaySeconds + random * (maxInitialIntervalSeconds - minDelaySeconds)
  return { nextSeconds: nowSeconds + waitSeconds, sentCount: 0 }
}
