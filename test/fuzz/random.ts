/** Numbers that look random and are the same for the same seed (splitmix32). */
export interface Random {
  /** Whole, from 0 to `below` - 1. */
  readonly below: (below: number) => number
  /** True once in so many times. */
  readonly oneIn: (count: number) => boolean
  readonly pick: <T>(items: readonly T[]) => T
}

/** @param seed whole, below 2^32 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  const below = (limit: number): number => next() % limit
  return {
    below,
    oneIn: (count) => below(count) === 0,
    pick(items) {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
  }
}
