import type { Ending } from './ending.js'
import type { PastRun } from './progress.js'

/** A run of a script for a hook, when it began and of what it is. */
export interface RunStart {
  /** Number of the hook. */
  readonly hook: number
  readonly script: string
  readonly attempt: number
  /** Where the script is. */
  readonly file: string
  readonly operation: string
  readonly opcode: string
  readonly target: string
  readonly job: string | undefined
  readonly startedMs: number
}

/** A run that has ended, as it is kept. */
export interface RunResult extends RunStart, PastRun {
  readonly endedMs: number
  readonly outputBytes: number
  /** Whether it printed more than was kept, as far as can be told: as much as may be. */
  readonly isCut: boolean
}

/** The name of a run, everywhere: `42-50-dns-update-1` is the first attempt of 50-dns-update for hook 42. */
export function runId({
  hook,
  script,
  attempt,
}: Pick<RunStart, 'hook' | 'script' | 'attempt'>): string {
  return `${hook}-${script}-${attempt}`
}

/** What a name of a run says; undefined for what is none. */
export function parseRunId(
  text: string,
): { readonly hook: number; readonly script: string; readonly attempt: number } | undefined {
  const [, hook, script, attempt] = /^(\d{1,15})-([A-Za-z0-9_-]+)-(\d{1,9})$/.exec(text) ?? []
  return hook === undefined || script === undefined
    ? undefined
    : { hook: Number(hook), script, attempt: Number(attempt) }
}

/** The transient unit of a run. */
export function unitOf(id: string): string {
  return `okeanid-hook-${id}.service`
}

/** Reads what was kept of a start; undefined for what is none. */
export function parseRunStart(value: unknown): RunStart | undefined {
  if (!isObject(value)) return undefined
  const { hook, script, attempt, file, operation, opcode, target, job, startedMs } = value
  if (typeof hook !== 'number' || typeof script !== 'string' || typeof attempt !== 'number')
    return undefined
  if (typeof file !== 'string' || typeof operation !== 'string' || typeof opcode !== 'string')
    return undefined
  if (typeof target !== 'string' || typeof startedMs !== 'number') return undefined
  return {
    ...{ hook, script, attempt, file, operation, opcode, target, startedMs },
    job: typeof job === 'string' ? job : undefined,
  }
}

/** Reads a kept result; undefined for what is none. */
export function parseRunResult(value: unknown): RunResult | undefined {
  const start = parseRunStart(value)
  if (start === undefined || !isObject(value)) return undefined
  const { endedMs, outputBytes, isCut, retryAtMs } = value
  const ending = parseEnding(value['ending'])
  if (typeof endedMs !== 'number' || typeof outputBytes !== 'number' || ending === undefined)
    return undefined
  return {
    ...start,
    ...{ endedMs, outputBytes, ending, isCut: isCut === true },
    retryAtMs: typeof retryAtMs === 'number' ? retryAtMs : undefined,
  }
}

function parseEnding(value: unknown): Ending | undefined {
  if (!isObject(value)) return undefined
  const { kind, status, signal, why } = value
  switch (kind) {
    case 'ok':
    case 'timeout':
    case 'memory':
    case 'interrupted':
      return { kind }
    case 'failed':
      return typeof status === 'number' ? { kind, status } : undefined
    case 'signal':
      return typeof signal === 'string' ? { kind, signal } : undefined
    case 'unstarted':
    case 'refused':
      return typeof why === 'string' ? { kind, why } : undefined
    default:
      return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What of kept results somebody wants to see. */
export interface ResultQuery {
  readonly instance?: string | undefined
  readonly operation?: string | undefined
  /** Only those that did not end well. */
  readonly isFailedOnly?: boolean | undefined
}

/** Whether a result is one of them. An instance may be named by its first labels. */
export function isWanted(
  result: RunResult,
  { instance, operation, isFailedOnly }: ResultQuery,
): boolean {
  if (
    instance !== undefined &&
    result.target !== instance &&
    !result.target.startsWith(`${instance}.`)
  )
    return false
  if (operation !== undefined && result.operation !== operation && result.opcode !== operation)
    return false
  return isFailedOnly !== true || result.ending.kind !== 'ok'
}
