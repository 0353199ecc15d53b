import {
  type Batcher,
  type BatcherOptions,
  createBatcher as createReal,
} from '#central/update/batcher.js'

/** How long a message waits then, or of a few kills none would fall between the two. */
const betweenMs = 500

/** Acknowledges what is not yet in the store, as Synnefo's dispatcher did. */
export function createBatcher(options: BatcherOptions): Batcher {
  const real = createReal(options)
  return {
    ...real,
    push(message, isLive) {
      // nobody waits for it: that is the fault
      setTimeout(() => void real.push(message, isLive), betweenMs)
      return Promise.resolve()
    },
  }
}
