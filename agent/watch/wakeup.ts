/** Lets one loop sleep until somebody wakes it, a time has passed, or the signal aborts. */
export interface Wakeup {
  /** Ends the current sleep, or the next one at once when nobody sleeps. */
  wake(): void
  /** Sleeps for at most this long; at most one sleeper at a time. */
  sleep(ms: number): Promise<void>
}

/** A wakeup that also ends every sleep when the signal aborts. Leaves no timer or listener behind. */
export function createWakeup(signal: AbortSignal): Wakeup {
  let isWoken = false
  let endSleep: (() => void) | undefined

  function wake(): void {
    isWoken = true
    endSleep?.()
  }

  signal.addEventListener('abort', wake, { once: true })
  return {
    wake,
    async sleep(ms) {
      if (!isWoken && !signal.aborted && ms > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          endSleep = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      endSleep = undefined
      isWoken = false
    },
  }
}
