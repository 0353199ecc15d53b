/** Something that happens again and again and that others wait for: no state, nobody waiting means nobody hears. */
export interface Bell {
  ring(): void
  /** Resolves at the next ring; rejects with the signal's reason when that comes first. */
  heard(signal?: AbortSignal): Promise<void>
}

/** Makes a bell. */
export function createBell(): Bell {
  let waiting: (() => void)[] = []
  return {
    ring() {
      if (waiting.length === 0) return
      const now = waiting
      waiting = []
      for (const wake of now) wake()
    },
    heard(signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason)
          return
        }
        const wake = () => {
          signal?.removeEventListener('abort', cut)
          resolve()
        }
        const cut = () => {
          waiting = waiting.filter((other) => other !== wake)
          reject(signal?.reason)
        }
        waiting.push(wake)
        signal?.addEventListener('abort', cut, { once: true })
      })
    },
  }
}
