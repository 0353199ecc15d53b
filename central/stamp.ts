/**
 * When something became so, as Ganeti tells: comparable as text, and total, so that of two messages about one thing the same
 * one wins whatever the order in which they come.
 *
 *     1700000012345678:0000091017:0000:6
 *     microseconds     job        op   rank of the status (a final one beats all others of its op)
 *
 * Never before is the empty text.
 */
export type Stamp = string

/** What a stamp is made of. */
export interface StampParts {
  /** `[seconds, microseconds]` of the message, as one number. */
  readonly timeUs: number
  /** 0 for what no job did. */
  readonly jobId?: number
  readonly opIndex?: number
  /** 0 to 9. */
  readonly rank?: number
}

/** The stamp of a fact. Times before 1970 and after the year 2255 are taken for those. */
export function stampOf({ timeUs, jobId = 0, opIndex = 0, rank = 0 }: StampParts): Stamp {
  const us = Math.min(Math.max(Math.trunc(timeUs), 0), Number.MAX_SAFE_INTEGER)
  return `${digits(us, 16)}:${digits(jobId, 10)}:${digits(opIndex, 4)}:${rank}`
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0')
}
