import {
  type Batcher,
  type BatcherOptions,
  createBatcher as createReal,
} from '#central/update/batcher.js'

/** Acknowledges what is not yet in the store, as Synnefo's dispatcher did. */
export function createBatcher(options: BatcherOptions): Batcher {
  const real = createReal(options)
  return {
    ...real,
    push(message, isLive) {
      // nobody waits for it: that is the fault
      void real.push(message, isLive)
      return Promise.resolve()
    },
  }
}
