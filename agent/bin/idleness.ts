/** Tells when a program that is started on demand has had nothing to do for a while. */
export interface Idleness {
  /** Something is being done, until the returned function is called. */
  readonly begin: () => () => void
  /** Aborts when nothing was done for long enough. */
  readonly rested: AbortSignal
  /** Gives up waiting. */
  readonly close: () => void
}

/** The time begins to count at once, and anew whenever the last thing that was being done is done. */
export function createIdleness(afterMs: number): Idleness {
  const ended = new AbortController()
  let busyCount = 0
  const rest = (): NodeJS.Timeout => setTimeout(() => ended.abort(), afterMs)
  let timer: NodeJS.Timeout | undefined = rest()
  return {
    begin() {
      clearTimeout(timer)
      busyCount += 1
      let isDone = false
      return () => {
        if (isDone) return
        isDone = true
        busyCount -= 1
        if (busyCount === 0) timer = rest()
      }
    },
    rested: ended.signal,
    close: () => clearTimeout(timer),
  }
}
