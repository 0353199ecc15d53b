/**
 * Waits for the first of some waits and cuts the others; the signal cuts them all.
 *
 * `AbortSignal.any` would do the same, but in Node 20 it keeps a little for each call as long as the signal lives.
 * Settles as the first of them does.
 */
export async function firstOf(
  signal: AbortSignal | undefined,
  start: (cut: AbortSignal) => readonly Promise<void>[],
): Promise<void> {
  signal?.throwIfAborted()
  const scope = new AbortController()
  const cut = () => scope.abort(signal?.reason)
  signal?.addEventListener('abort', cut, { once: true })
  try {
    await Promise.race(start(scope.signal))
  } finally {
    signal?.removeEventListener('abort', cut)
    scope.abort()
  }
}
