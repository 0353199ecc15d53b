import type { ImageProgress } from '#event/image-progress.js'

/** Thins out what an install says, so that a chatty one does not fill the spool. */
export interface ImagePace {
  /** What is to be told now, in order: of a copy not each percentage, all the rest. */
  take(progress: ImageProgress, nowMs: number): readonly ImageProgress[]
  /** What is due although nothing new was said, and when to ask again; undefined when nothing is held back. */
  due(nowMs: number): {
    readonly told: readonly ImageProgress[]
    readonly nextMs: number | undefined
  }
  /** The input is over: what was held back. */
  end(): readonly ImageProgress[]
  /** Messages that were too many. */
  droppedCount(): number
}

/** A copy is told of at most once in this time; the newest percentage is held back meanwhile. */
const copyEveryMs = 1000

/** Other messages: so many at once, and then so many a second. Errors are not counted, up to a limit of their own. */
const burst = 200
const perSecond = 20
const maxErrors = 1000

/**
 * A pace that has told nothing yet. The last percentage of a copy, and one of 100, are always told; another kind of message is told behind the
 * percentage that was held back, so order holds.
 */
export function createImagePace(): ImagePace {
  let held: ImageProgress | undefined
  let copyMs = Number.NEGATIVE_INFINITY
  let isEndTold = false
  let tokens = burst
  let filledMs = 0
  let errorCount = 0
  let droppedCount = 0

  function release(): readonly ImageProgress[] {
    const released = held === undefined ? [] : [held]
    held = undefined
    return released
  }

  function isWithinLimit({ type }: ImageProgress, nowMs: number): boolean {
    if (type === 'image-error' && errorCount++ < maxErrors) return true
    tokens = Math.min(burst, tokens + (Math.max(0, nowMs - filledMs) * perSecond) / 1000)
    filledMs = nowMs
    if (tokens >= 1) {
      tokens--
      return true
    }
    droppedCount++
    return false
  }

  return {
    take(progress, nowMs) {
      if (progress.percentage === undefined)
        return isWithinLimit(progress, nowMs) ? [...release(), progress] : []
      held = progress
      const isEnd = progress.percentage === 100 && !isEndTold
      if (!isEnd && nowMs - copyMs < copyEveryMs) return []
      isEndTold = progress.percentage === 100
      copyMs = nowMs
      return release()
    },
    due(nowMs) {
      if (held === undefined) return { told: [], nextMs: undefined }
      if (nowMs - copyMs < copyEveryMs) return { told: [], nextMs: copyMs + copyEveryMs }
      copyMs = nowMs
      return { told: release(), nextMs: undefined }
    },
    end: release,
    droppedCount: () => droppedCount,
  }
}
