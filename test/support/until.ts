import { setTimeout as delay } from 'node:timers/promises'

/**
 * Asks again and again until there is an answer; for things that tell nobody when they change.
 * @throws Error naming what was waited for, after `deadlineMs`
 */
export async function until<T>(
  what: string,
  read: () => Promise<T | undefined> | T | undefined,
  {
    deadlineMs = 60_000,
    everyMs = 20,
  }: { readonly deadlineMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    const value = await read()
    if (value !== undefined) return value
    if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`)
    await delay(everyMs)
  }
}
