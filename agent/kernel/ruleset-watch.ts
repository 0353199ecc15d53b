import { backoffMs } from '#backoff.js'
import { systemCode } from '#errors.js'
import { nftTable } from '#nic/queueing/nft.js'
import { loadAddon, type NativeRulesetEvent, type NativeRulesetWatch } from './native.js'

/** A change of our tables. */
export interface RulesetChange {
  /** A whole table of ours went, as `nft flush ruleset` does it; or nobody can tell because events were lost. */
  readonly isLoss: boolean
  /** Who did it, `nft[4711]`; undefined where that is not known. */
  readonly by: string | undefined
}

const retryPolicy = { firstMs: 100, maxMs: 5000 }

/** A transaction of 500 NICs is told in 25,000 messages. */
const receiveBufferBytes = 48 << 20

/** What can be asked of whoever follows. */
export interface RulesetFollower {
  /**
   * Does something while nobody listens: the kernel writes down each rule of a transaction for listeners, a fifth of its time. What others
   * change meanwhile is not told: look for yourself afterwards.
   */
  unheard(work: () => void): void
}

/**
 * Follows the transactions of nftables that touch tables of our name, ours among them, until the signal aborts. When the kernel gives no
 * socket it is asked again and again; each new socket is told as a loss, for something may have happened meanwhile.
 *
 * @throws AgentError NATIVE_MISSING; Error with `code` when the kernel gives no socket at the start
 */
export function followRuleset({
  onChange,
  signal,
}: {
  readonly onChange: (change: RulesetChange) => void
  readonly signal: AbortSignal
}): RulesetFollower {
  const { RulesetWatch } = loadAddon()
  let watch: NativeRulesetWatch | undefined
  let timer: NodeJS.Timeout | undefined
  let attempt = 0

  function take(events: readonly NativeRulesetEvent[]): void {
    for (const event of events) if (!signal.aborted) takeOne(event)
  }

  function takeOne(event: NativeRulesetEvent): void {
    switch (event.type) {
      case 'generation':
        if (event.tables.includes(nftTable)) {
          const by = event.process === '' ? undefined : `${event.process}[${event.pid}]`
          onChange({ isLoss: event.removed.includes(nftTable), by })
        }
        return
      case 'overflow':
        return onChange({ isLoss: true, by: undefined })
      case 'failed':
        return retry()
    }
  }

  function open(): void {
    watch = new RulesetWatch({ receiveBufferBytes, onChanges: take })
  }

  function retry(): void {
    timer = setTimeout(
      () => {
        timer = undefined
        try {
          open()
        } catch (error) {
          if (systemCode(error) === undefined) throw error
          return retry()
        }
        onChange({ isLoss: true, by: undefined })
      },
      backoffMs(retryPolicy, attempt++, Math.random()),
    )
  }

  function unheard(work: () => void): void {
    watch?.close()
    try {
      work()
    } finally {
      if (!signal.aborted && timer === undefined) openOrRetry()
    }
  }

  function openOrRetry(): void {
    try {
      open()
    } catch (error) {
      if (systemCode(error) === undefined) throw error
      retry()
    }
  }

  if (signal.aborted) return { unheard }
  open()
  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(timer)
      watch?.close()
    },
    { once: true },
  )
  return { unheard }
}
