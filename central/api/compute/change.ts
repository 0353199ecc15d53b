import type { Context } from '#central/api/context.js'
import type { Change } from '#central/store/store.js'

/** Makes a change, and says once it is committed that there is something to do and to tell. */
export async function change<T>(context: Context, made: (tx: Change) => Promise<T>): Promise<T> {
  const result = await context.store.write(made)
  context.wakeEffects()
  context.wakeEvents()
  return result
}
