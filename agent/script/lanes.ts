/** A hook that has not come to its end, in the order in which Ganeti ran them. */
export interface Waiting {
  readonly keys: readonly string[]
  readonly isRunning: boolean
  /** Unix time before which nothing is to be done for it. */
  readonly notBeforeMs: number
}

/**
 * Which hooks go on now: the first of each key, as many as may run at the same time. A hook that waits for its next attempt takes no
 * place, but keeps those behind it with the same key: what came later must not be overtaken by what came before.
 *
 * @returns also when to ask again; Infinity when only the end of a run can change anything
 */
export function dueNow<T extends Waiting>(
  waiting: Iterable<T>,
  { nowMs, placeCount }: { readonly nowMs: number; readonly placeCount: number },
): { readonly due: readonly T[]; readonly againAtMs: number } {
  const due: T[] = []
  const taken = new Set<string>()
  let againAtMs = Number.POSITIVE_INFINITY
  for (const hook of waiting) {
    if (due.length >= placeCount) break
    const isFirst = hook.keys.every((key) => !taken.has(key))
    for (const key of hook.keys) taken.add(key)
    if (!isFirst || hook.isRunning) continue
    if (hook.notBeforeMs > nowMs) againAtMs = Math.min(againAtMs, hook.notBeforeMs)
    else due.push(hook)
  }
  return { due, againAtMs }
}
