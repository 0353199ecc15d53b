import { backoffMs } from '#backoff.js'
import type { Ending } from './ending.js'
import type { ScriptSettings } from './settings.js'

/** What has to be remembered of a run to know what comes next. */
export interface PastRun {
  readonly script: string
  readonly attempt: number
  readonly ending: Ending
  /** Unix time at which it is to be run again; undefined when that was all. */
  readonly retryAtMs: number | undefined
}

/** What is to be done for a hook. */
export type NextStep =
  | {
      readonly kind: 'run'
      readonly script: string
      readonly attempt: number
      readonly notBeforeMs: number
    }
  | { readonly kind: 'done' }

/**
 * The next step for a hook: scripts one after the other, in the order of their names; one that failed for good does not keep the others.
 *
 * @param scripts names of those that are there now: what an administrator removed meanwhile is not run again
 * @param runs for this hook so far, in any order
 */
export function nextStep(scripts: readonly string[], runs: readonly PastRun[]): NextStep {
  for (const script of scripts.toSorted()) {
    const last = runs
      .filter((run) => run.script === script)
      .reduce<PastRun | undefined>(
        (a, b) => (a === undefined || b.attempt > a.attempt ? b : a),
        undefined,
      )
    if (last === undefined) return { kind: 'run', script, attempt: 1, notBeforeMs: 0 }
    if (last.retryAtMs !== undefined)
      return { kind: 'run', script, attempt: last.attempt + 1, notBeforeMs: last.retryAtMs }
  }
  return { kind: 'done' }
}

/** How often a script is run again that never comes to its end: it may be what brings the host down. */
const maxInterrupted = 3

/**
 * When a script is to be run again after a run that ended so; undefined for never.
 *
 * @param earlier its runs for the same hook before this one
 * @param random in [0, 1)
 */
export function retryAtMs(
  ending: Ending,
  {
    earlier,
    settings,
    nowMs,
    random,
  }: {
    readonly earlier: readonly Pick<PastRun, 'ending'>[]
    readonly settings: ScriptSettings
    readonly nowMs: number
    readonly random: number
  },
): number | undefined {
  const interrupted = earlier.filter((run) => run.ending.kind === 'interrupted').length
  switch (ending.kind) {
    case 'ok':
    case 'refused':
      return undefined
    case 'interrupted':
      return settings.isRetriedWhenInterrupted && interrupted < maxInterrupted ? nowMs : undefined
    case 'failed':
    case 'signal':
    case 'timeout':
    case 'memory':
    case 'unstarted': {
      const failed = earlier.length - interrupted
      if (failed >= settings.retryCount) return undefined
      const policy = { firstMs: settings.retryFirstMs, maxMs: settings.retryMaxMs }
      return nowMs + backoffMs(policy, failed, random)
    }
  }
}
