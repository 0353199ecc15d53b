/**
 * A set of whole numbers kept as ranges: job ids are given in sequence, so a hundred thousand finished jobs are one
 * pair of numbers.
 */
export interface IdSet {
  has(id: number): boolean
  add(id: number): void
  /** Adds all from `first` to `last`, both included. */
  addRange(first: number, last: number): void
  remove(id: number): void
  /** `[first, last]` pairs, ascending, never touching each other. */
  ranges(): readonly (readonly [number, number])[]
}

/** A set that begins with these ranges, in any order. */
export function createIdSet(initial: readonly (readonly [number, number])[] = []): IdSet {
  const firsts: number[] = []
  const lasts: number[] = []

  /** Index of the first range that ends at `id` or later. */
  function locate(id: number): number {
    let low = 0
    let high = lasts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((lasts[middle] ?? 0) < id) low = middle + 1
      else high = middle
    }
    return low
  }

  function has(id: number): boolean {
    const first = firsts[locate(id)]
    return first !== undefined && first <= id
  }

  function addRange(first: number, last: number): void {
    if (last < first) return
    const from = locate(first - 1)
    let to = from
    while (to < firsts.length && (firsts[to] ?? 0) <= last + 1) to++
    const newFirst = to > from ? Math.min(first, firsts[from] ?? first) : first
    const newLast = to > from ? Math.max(last, lasts[to - 1] ?? last) : last
    firsts.splice(from, to - from, newFirst)
    lasts.splice(from, to - from, newLast)
  }

  function remove(id: number): void {
    if (!has(id)) return
    const at = locate(id)
    const first = firsts[at] ?? id
    const last = lasts[at] ?? id
    const kept = [
      [first, id - 1],
      [id + 1, last],
    ].filter(([a = 0, b = 0]) => a <= b)
    firsts.splice(at, 1, ...kept.map(([a = 0]) => a))
    lasts.splice(at, 1, ...kept.map(([, b = 0]) => b))
  }

  for (const [first, last] of initial) addRange(first, last)
  return {
    has,
    addRange,
    remove,
    add: (id) => addRange(id, id),
    ranges: () => firsts.map((first, index) => [first, lasts[index] ?? first] as const),
  }
}
