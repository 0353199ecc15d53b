/** `[first, last]` pairs, both included. */
export type Ranges = readonly (readonly [number, number])[]

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
  /** Removes all from `first` to `last`, both included. */
  removeRange(first: number, last: number): void
  /** Ascending, never touching each other. */
  ranges(): Ranges
}

/** A set that begins with these ranges, in any order. */
export function createIdSet(initial: Ranges = []): IdSet {
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

  function removeRange(first: number, last: number): void {
    const from = locate(first)
    let to = from
    while (to < firsts.length && (firsts[to] ?? 0) <= last) to++
    if (to === from) return
    const kept = [
      [firsts[from] ?? first, first - 1],
      [last + 1, lasts[to - 1] ?? last],
    ].filter(([a = 0, b = 0]) => a <= b)
    firsts.splice(from, to - from, ...kept.map(([a = 0]) => a))
    lasts.splice(from, to - from, ...kept.map(([, b = 0]) => b))
  }

  for (const [first, last] of initial) addRange(first, last)
  return {
    has,
    addRange,
    removeRange,
    add: (id) => addRange(id, id),
    remove: (id) => removeRange(id, id),
    ranges: () => firsts.map((first, index) => [first, lasts[index] ?? first] as const),
  }
}

/** The numbers from 1 to `last` that are in none of these ascending ranges. */
export function gapsOf(ranges: Ranges, last: number): Ranges {
  const gaps: (readonly [number, number])[] = []
  let next = 1
  for (const [first, end] of ranges) {
    if (first > last) break
    if (first > next) gaps.push([next, first - 1])
    next = Math.max(next, end + 1)
  }
  if (next <= last) gaps.push([next, last])
  return gaps
}

/** How many numbers these ranges hold. */
export function countOf(ranges: Ranges): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
}
