/** Lets so many through at a time; the others wait their turn. */
export interface Gate {
  /** Runs `work` once there is room. @throws the signal's reason when it aborts before that */
  pass<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

/** A gate for `count` at a time. */
export function createGate(count: number): Gate {
  const waiting: (() => void)[] = []
  let free = count

  function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (free > 0) {
      free -= 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        waiting.splice(waiting.indexOf(go), 1)
        reject(signal.reason)
      }
      waiting.push(go)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
  return {
    async pass(signal, work) {
      await enter(signal)
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) free += 1
        else next()
      }
    },
  }
}
