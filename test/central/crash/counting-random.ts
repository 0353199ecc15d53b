/** The same numbers each time for one seed, in [0, 1) (Lehmer's). */
export function countingRandom(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
