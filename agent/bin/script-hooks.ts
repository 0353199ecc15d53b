import { parseScriptHook, type ScriptHook } from '#script/hook.js'
import { type RunResult, type RunStart, runId } from '#script/result.js'
import type { Log } from '#service/log.js'
import type { ScriptQueue } from './script-queue.js'
import type { ScriptResults } from './script-results.js'
import type { ScriptRuns } from './script-runs.js'

/** A hook in hand: what is known of it, and what was done for it. Only its step changes it. */
export interface OpenHook {
  readonly number: number
  readonly hook: ScriptHook
  readonly keys: readonly string[]
  readonly results: RunResult[]
  isRunning: boolean
  /** Unix time of its next attempt. */
  notBeforeMs: number
  /** A run that an earlier process began and did not bring to its end. */
  begun: RunStart | undefined
}

/** A hook for which `results` were kept. */
export function openHook(
  number: number,
  hook: ScriptHook,
  results: readonly RunResult[] = [],
): OpenHook {
  const state = { isRunning: false, notBeforeMs: 0, begun: undefined }
  return { number, hook, keys: hook.keys, results: [...results], ...state }
}

/** What an earlier process did not bring to its end, in order. */
export async function loadHooks(
  {
    queue,
    runs,
    results,
  }: { readonly queue: ScriptQueue; readonly runs: ScriptRuns; readonly results: ScriptResults },
  log: Log,
): Promise<readonly OpenHook[]> {
  const begun = new Map<number, RunStart>()
  for (const start of await runs.load()) {
    // a result is kept first, then the run is forgotten, then the hook: what a crash left between these goes now
    const isOver = results.find(runId(start)) !== undefined || !queue.has(start.hook)
    if (isOver) await runs.forget(start)
    else begun.set(start.hook, start)
  }
  const found: OpenHook[] = []
  for (const { number, text } of await queue.load()) {
    const parsed = parseScriptHook(text)
    if (!parsed.ok) {
      log('warning', 'script-hook-bad', { hook: number, why: parsed.problem })
      await queue.remove(number)
      continue
    }
    const past = results.all().filter(({ hook }) => hook === number)
    const open = openHook(number, parsed.value, past)
    open.begun = begun.get(number)
    if (open.begun !== undefined) log('info', 'script-found-again', { run: runId(open.begun) })
    found.push(open)
  }
  return found
}
