/** A kept result. */
export interface Kept {
  readonly id: string
  readonly hook: number
  readonly endedMs: number
  /** With its output. */
  readonly bytes: number
}

/** How much is kept. */
export interface Bounds {
  readonly count: number
  readonly ageMs: number
  readonly bytes: number
}

/**
 * Which results go, the oldest first, so that the others are within all bounds. Those of a hook that has not come to its end stay, for they
 * say what was done for it.
 *
 * @param kept in the order in which they ended
 */
export function beyondBounds(
  kept: readonly Kept[],
  bounds: Bounds,
  { nowMs, isOpen }: { readonly nowMs: number; readonly isOpen: (hook: number) => boolean },
): readonly Kept[] {
  let count = kept.length
  let bytes = kept.reduce((sum, one) => sum + one.bytes, 0)
  const gone: Kept[] = []
  for (const one of kept) {
    const isBeyond =
      count > bounds.count || bytes > bounds.bytes || one.endedMs < nowMs - bounds.ageMs
    if (!isBeyond) break
    if (isOpen(one.hook)) continue
    gone.push(one)
    count--
    bytes -= one.bytes
  }
  return gone
}
