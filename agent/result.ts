/** An outcome that is expected either way: the value, or the problem that prevented it. */
export type Result<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: E }

/** The good outcome. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

/** The outcome that says why there is no value. */
export function err<E>(problem: E): { readonly ok: false; readonly problem: E } {
  return { ok: false, problem }
}

/** Ends a switch over a union: compiles only when every kind was named; throws when it lies at run time. */
export function assertNever(x: never): never {
  throw new Error(`impossible value: ${JSON.stringify(x)}`)
}

/** Throws when a condition that our own code guarantees does not hold: a bug, never bad input. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${what}`)
}
