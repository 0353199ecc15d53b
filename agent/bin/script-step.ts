import { describeEnding, type Ending } from '#script/ending.js'
import { runEnvironment } from '#script/hook.js'
import { nextStep, retryAtMs } from '#script/progress.js'
import { type RunStart, runId } from '#script/result.js'
import { type FoundScript, readScripts } from './script-folder.js'
import type { OpenHook } from './script-hooks.js'
import type { ScriptQueue } from './script-queue.js'
import type { ScriptResults } from './script-results.js'
import type { ScriptRuns } from './script-runs.js'
import type { ScriptsParts } from './scripts-task.js'

/** What is kept on disk. */
export interface ScriptStores {
  readonly queue: ScriptQueue
  readonly runs: ScriptRuns
  readonly results: ScriptResults
}

interface StepContext {
  readonly parts: ScriptsParts
  readonly signal: AbortSignal
}

/**
 * Does what is next for a hook: at most one run of one script, to its end and into the results.
 * @returns true when nothing is left to do for it
 */
export async function stepHook(
  open: OpenHook,
  stores: ScriptStores,
  { parts, signal }: StepContext,
): Promise<boolean> {
  if (open.begun !== undefined) {
    const start = open.begun
    open.begun = undefined
    await finish(start, { open, stores, parts, signal })
    return false
  }
  const scripts = await readScripts(parts.scriptsDirectory, open.hook.operation)
  const step = nextStep(
    scripts.map(({ name }) => name),
    open.results,
  )
  if (step.kind === 'done') {
    await stores.queue.remove(open.number)
    return true
  }
  open.notBeforeMs = step.notBeforeMs
  if (step.notBeforeMs > Date.now()) return false
  const script = scripts.find(({ name }) => name === step.script)
  if (script !== undefined) await runScript(script, step.attempt, { open, stores, parts, signal })
  return false
}

interface RunContext extends StepContext {
  readonly open: OpenHook
  readonly stores: ScriptStores
}

async function runScript(
  { name: script, file, verdict }: FoundScript,
  attempt: number,
  context: RunContext,
): Promise<void> {
  const { open, stores, parts } = context
  const { hook, number } = open
  const { operation, opcode, target, job } = hook
  const start: RunStart = {
    ...{ hook: number, script, attempt, file, operation, opcode, target, job },
    startedMs: Date.now(),
  }
  if (verdict.kind === 'refused') {
    await keep(start, { kind: 'refused', why: verdict.why }, context)
    return
  }
  const node = await parts.ownNode()
  const ending = await stores.runs.start(start, {
    settings: parts.settingsOf(script),
    environment: runEnvironment(hook, { hook: number, attempt, node }),
  })
  if (ending !== undefined) await keep(start, ending, context)
  else await finish(start, context)
}

/** Waits for the end of a run; when we are stopped before, whoever comes after us waits for it. */
async function finish(start: RunStart, context: RunContext): Promise<void> {
  const { runs } = context.stores
  const ending = await runs.ended(start)
  if (ending === undefined) return
  // systemd never heard of it: the crash came before, and the run is still to come
  if (ending === 'unknown') await runs.forget(start)
  else await keep(start, ending, context)
}

async function keep(start: RunStart, ending: Ending, context: RunContext): Promise<void> {
  const { open, stores, parts } = context
  const settings = parts.settingsOf(start.script)
  const endedMs = Date.now()
  const again = retryAtMs(ending, {
    ...{ settings, nowMs: endedMs, random: parts.random() },
    earlier: open.results.filter(({ script }) => script === start.script),
  })
  const output = { file: stores.runs.outputFile(start), maxBytes: settings.outputMaxBytes }
  const result = await stores.results.keep({ ...start, ending, endedMs, retryAtMs: again }, output)
  await stores.runs.forget(start)
  open.results.push(result)
  open.notBeforeMs = again ?? 0
  const { operation: op, target, job } = start
  parts.log(ending.kind === 'ok' ? 'info' : 'warning', 'script-ended', {
    ...{ run: runId(start), op, target, job, ending: describeEnding(ending) },
    ms: endedMs - start.startedMs,
    retry_ms: again === undefined ? undefined : Math.max(0, again - endedMs),
  })
}
