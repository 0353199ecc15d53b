/** Notices when confirms stay away. */
export interface ConfirmWatch {
  /** A message left. */
  sent(): void
  /** The broker answered one; so many are still under way. */
  answered(outstandingCount: number): void
  close(): void
}

/**
 * Calls `onSilence` when something has been under way for `timeoutMs` and nothing was answered meanwhile.
 *
 * One timer, armed by the first message and pushed on by each answer, so it costs nothing per message. While excused, and for a
 * whole `timeoutMs` after that, silence means nothing.
 */
export function createConfirmWatch(options: {
  readonly timeoutMs: number
  readonly isExcused: () => boolean
  readonly onSilence: () => void
}): ConfirmWatch {
  const { timeoutMs, isExcused, onSilence } = options
  let timer: NodeJS.Timeout | undefined

  function arm(): void {
    timer = setTimeout(() => {
      timer = undefined
      if (isExcused()) arm()
      else onSilence()
    }, timeoutMs)
  }

  function stop(): void {
    clearTimeout(timer)
    timer = undefined
  }

  return {
    sent() {
      if (timer === undefined) arm()
    },
    answered(outstandingCount) {
      if (outstandingCount === 0) stop()
      else timer?.refresh()
    },
    close: stop,
  }
}
