/** What came of one try to hand a message over. */
export type PostOutcome =
  | { readonly kind: 'taken' }
  /** It may be taken later: the receiver is away, busy or wrongly set up. */
  | { readonly kind: 'again'; readonly why: string; readonly afterMs?: number | undefined }
  /** This very message is not wanted, whenever it comes. */
  | { readonly kind: 'refused'; readonly why: string }

/** Statuses that speak of what was sent, not of the receiver or of who sends (RFC 9110 §15.5). */
const aboutMessage = new Set([400, 413, 415, 422])

/** Longest that a receiver may ask us to wait. */
const maxAfterMs = 10 * 60_000

/** What an HTTP status means for the message that was posted. */
export function judgeStatus(
  status: number,
  {
    retryAfter,
    location,
    nowMs,
  }: {
    readonly retryAfter?: string | undefined
    readonly location?: string | undefined
    readonly nowMs: number
  },
): PostOutcome {
  if (status >= 200 && status < 300) return { kind: 'taken' }
  if (aboutMessage.has(status)) return { kind: 'refused', why: `status ${status}` }
  if (status >= 300 && status < 400)
    return { kind: 'again', why: `status ${status}, to ${location ?? 'nowhere'}: set url to that` }
  return { kind: 'again', why: `status ${status}`, afterMs: afterOf(retryAfter, nowMs) }
}

/** `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. */
function afterOf(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  const waitMs = /^\d{1,7}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return waitMs > 0 ? Math.min(waitMs, maxAfterMs) : undefined // a date that is none is NaN
}
