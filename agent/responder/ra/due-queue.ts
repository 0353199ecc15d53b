/**
 * Keys ordered by when they are due: a binary heap, in which what was put off or deleted stays until its time comes or it is
 * one of too many. Setting and taking one are O(log n), deleting and finding the next O(1), all of them on average.
 */
export interface DueQueue<K> {
  readonly size: number
  /** When the first is due; undefined for none. */
  nextSeconds(): number | undefined
  /** Makes a key due then, instead of when it was. */
  set(key: K, seconds: number): void
  delete(key: K): void
  /**
   * Takes the keys that are due, the earliest first.
   * @param limit of keys: those that are left over are due at once
   */
  take(nowSeconds: number, limit: number): readonly K[]
}

/** A queue with nothing in it. */
export function createDueQueue<K>(): DueQueue<K> {
  /** When each key is due: what the heap says of another time is void. */
  const due = new Map<K, number>()
  // the heap, as two lists side by side: as objects it would be twice as large, and each step of a search a miss of the cache
  let keys: K[] = []
  let times: number[] = []

  /** When a place is due; never where there is none. */
  function timeAt(place: number): number {
    return times[place] ?? Number.POSITIVE_INFINITY
  }

  function move(from: number, to: number): void {
    const key = keys[from]
    if (key === undefined) return
    keys[to] = key
    times[to] = timeAt(from)
  }

  function push(key: K, seconds: number): void {
    let place = keys.length
    while (place > 0) {
      const above = (place - 1) >> 1
      if (timeAt(above) <= seconds) break
      move(above, place)
      place = above
    }
    keys[place] = key
    times[place] = seconds
  }

  /** Takes the first away: the last one sinks from the top until neither of the two below is earlier. */
  function pop(): void {
    const key = keys.pop()
    const seconds = times.pop()
    if (key === undefined || seconds === undefined || keys.length === 0) return
    let place = 0
    for (;;) {
      const left = place * 2 + 1
      const below = timeAt(left + 1) < timeAt(left) ? left + 1 : left
      if (timeAt(below) >= seconds) break
      move(below, place)
      place = below
    }
    keys[place] = key
    times[place] = seconds
  }

  /** The first key, after what is void before it was taken away. */
  function first(): K | undefined {
    for (;;) {
      const key = keys[0]
      if (key === undefined || due.get(key) === times[0]) return key
      pop()
    }
  }

  /** Leaves out what is void when that is more than the rest. */
  function sweep(): void {
    if (keys.length <= due.size * 2 + leastSwept) return
    const entries = [...due].sort(([, a], [, b]) => a - b) // in order it is a heap
    keys = entries.map(([key]) => key)
    times = entries.map(([, seconds]) => seconds)
  }

  return {
    get size() {
      return due.size
    },
    nextSeconds: () => (first() === undefined ? undefined : times[0]),
    set(key, seconds) {
      if (due.get(key) === seconds) return
      due.set(key, seconds)
      push(key, seconds)
      sweep()
    },
    delete(key) {
      due.delete(key)
      sweep()
    },
    take(nowSeconds, limit) {
      const taken: K[] = []
      for (;;) {
        const key = first()
        if (key === undefined || timeAt(0) > nowSeconds || taken.length >= limit) return taken
        taken.push(key)
        due.delete(key)
        pop()
      }
    },
  }
}

/** A heap that is smaller than this is not worth the trouble. */
const leastSwept = 64
