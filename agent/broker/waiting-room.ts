/** Who waits to be published, in the order of arrival. */
export interface WaitingRoom<T> {
  count(): number
  /** Takes the last place; leaves again, and is told, when the signal comes first. */
  enter(one: T, signal: AbortSignal): void
  /** Takes the first one out; its signal no longer matters. */
  next(): T | undefined
}

interface Place<T> {
  readonly one: T
  readonly signal: AbortSignal
}

interface Guard {
  count: number
  readonly onAbort: () => void
}

/** A waiting room with one listener per signal, however many wait for it: a window of senders shares one. */
export function createWaitingRoom<T>(onGone: (one: T, reason: unknown) => void): WaitingRoom<T> {
  const guards = new Map<AbortSignal, Guard>()
  let places: Place<T>[] = []

  function guard(signal: AbortSignal): Guard {
    const known = guards.get(signal)
    if (known) return known
    const onAbort = () => {
      const gone = places.filter((place) => place.signal === signal)
      places = places.filter((place) => place.signal !== signal)
      guards.delete(signal)
      for (const { one } of gone) onGone(one, signal.reason)
    }
    const made = { count: 0, onAbort }
    guards.set(signal, made)
    signal.addEventListener('abort', onAbort, { once: true })
    return made
  }

  return {
    count: () => places.length,
    enter(one, signal) {
      guard(signal).count += 1
      places.push({ one, signal })
    },
    next() {
      const place = places.shift()
      if (!place) return undefined
      const { one, signal } = place
      const its = guard(signal)
      its.count -= 1
      if (its.count === 0) {
        guards.delete(signal)
        signal.removeEventListener('abort', its.onAbort)
      }
      return one
    },
  }
}
