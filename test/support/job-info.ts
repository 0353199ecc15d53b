/** Statuses of a one-op job with the times that `gnt-job info` has for them, `2026-11-20 19:32:30.102262`. */
export interface JobInfoTimes {
  readonly queued: string | undefined
  readonly waiting: string | undefined
  readonly running: string | undefined
  /** Success, error or canceled. */
  readonly ended: string | undefined
}

/**
 * Reads the times of the op from the output of `gnt-job info`. The job has a start and an end of its own, a few microseconds
 * away; the op's lines come last.
 */
export function parseJobInfo(text: string): JobInfoTimes {
  const last = (line: string) =>
    [
      ...text.matchAll(
        new RegExp(`^\\s*${line}: .*?(\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d+)`, 'gm'),
      ),
    ].at(-1)?.[1]
  return {
    queued: last('Received'),
    waiting: last('Processing start'),
    running: last('Execution start'),
    ended: last('Processing end'),
  }
}
