import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { AgentError } from '#errors.js'
import type { Step } from '#nic/step.js'
import { err, ok, type Result } from '#result.js'
import { applyBatch, applyForced, type BatchEnd, type BatchStep } from './apply-batch.js'
import { applyRules, removeRules } from './apply-rules.js'
import { removeBinding, removeRecord, writeBinding } from './nic-files.js'
import { runProgram } from './run-program.js'

/** What steps need to know beside themselves. */
export interface ApplyOptions {
  /** Of the NIC: its binding is named so. */
  readonly tap: string
  /** Where bindings are. */
  readonly nicsDirectory: string
  /** Where records of NICs are. */
  readonly recordsDirectory: string
  /** What the administrator's script is told: Ganeti's variables. */
  readonly environment: Readonly<Record<string, string>>
  /** Break-glass: a step that fails is told and passed over, nothing is undone. */
  readonly keepsGoing?: boolean
}

/** What was done. */
export interface Applied {
  /** Steps that failed and may: one sentence each. */
  readonly warnings: readonly string[]
}

/** Why it was not done; all that was done before has been undone, but for what `leftovers` says. */
export interface ApplyFailure {
  /** The step's `what`. */
  readonly step: string
  readonly problem: string
  readonly leftovers: readonly string[]
}

/** An administrator's script may do more than our steps. */
const scriptTimeoutMs = 60_000

const outputBytes = 64 * 1024

/**
 * Applies steps in order, all or nothing: when one fails that must not, those before are undone in reverse.
 *
 * Consecutive steps of `ip` and of `bridge` are one batch. A step that failed with its first line is not undone, for it changed
 * nothing; one that failed later is. Rules of a tap that is up all the same (it was before) stay. Never throws for what a step does.
 */
export async function applySteps(
  steps: readonly Step[],
  options: ApplyOptions,
): Promise<Result<Applied, ApplyFailure>> {
  const done: Step[] = []
  const warnings: string[] = []
  for (let rest = steps; rest[0] !== undefined; ) {
    const { doneCount, failure } = await applyNext(rest, options)
    const failed = rest[doneCount]
    if (failure === undefined || failed === undefined) {
      done.push(...rest.slice(0, doneCount))
      rest = rest.slice(doneCount)
      continue
    }
    const { problem, begunCount } = failure
    if (failed.need === 'must' && options.keepsGoing !== true) {
      const begun = rest.slice(0, Math.max(doneCount, begunCount))
      const leftovers = await undoSteps([...done, ...begun], options)
      return err({ step: failed.what, problem, leftovers })
    }
    done.push(...rest.slice(0, doneCount))
    warnings.push(`${failed.what}: ${problem}`)
    rest = rest.slice(doneCount + 1)
  }
  return ok({ warnings })
}

/** Undoes steps in reverse; what could not be undone, one sentence each. */
export async function undoSteps(
  steps: readonly Step[],
  options: ApplyOptions,
): Promise<readonly string[]> {
  const leftovers: string[] = []
  for (const step of [...steps].reverse()) {
    try {
      await undoStep(step, options)
    } catch (error) {
      leftovers.push(`${step.what} is not undone: ${sentence(error)}`)
    }
  }
  return leftovers
}

/** Applies the first step, and with it those that can go in one batch. */
async function applyNext(steps: readonly Step[], options: ApplyOptions): Promise<BatchEnd> {
  const batch = leadingBatch(steps)
  try {
    if (batch.length > 0) return await applyBatch(batch)
    const [step] = steps
    if (step?.kind === 'rules') return await applyRulesStep(step.script)
    if (step !== undefined) await applyStep(step, options)
    return { doneCount: 1, failure: undefined }
  } catch (error) {
    // what did not end in time may have done its work all the same; whatever else threw may have done a part
    const begunCount = Math.max(batch.length, 1)
    return { doneCount: 0, failure: { problem: sentence(error), begunCount } }
  }
}

async function applyRulesStep(script: string): Promise<BatchEnd> {
  const taken = await applyRules(script)
  if (taken.ok) return { doneCount: 1, failure: undefined }
  const { text, isChanged } = taken.problem
  return { doneCount: 0, failure: { problem: text, begunCount: isChanged ? 1 : 0 } }
}

/** Steps of one program and one need: a failure of what may fail must not stop what must be. */
function leadingBatch(steps: readonly Step[]): readonly BatchStep[] {
  const [first] = steps
  const batch: BatchStep[] = []
  for (const step of steps) {
    if (step.kind !== 'ip' && step.kind !== 'bridge') break
    if (step.kind !== first?.kind || step.need !== first.need) break
    batch.push(step)
    if (step.need === 'may') break
  }
  return batch
}

async function applyStep(step: Step, options: ApplyOptions): Promise<void> {
  switch (step.kind) {
    case 'clear':
      return applyForced('ip', step.lines)
    case 'forget':
      removeBinding(options.nicsDirectory, step.tap)
      removeRecord(options.recordsDirectory, step.tap)
      return
    case 'sysctl':
      for (const [name, value] of step.values) writeFileSync(path.join('/proc/sys', name), value)
      return
    case 'ovs':
      return run('ovs-vsctl', ['--timeout=10', ...step.args])
    case 'script':
      return run(step.path, [], options.environment)
    case 'binding':
      return writeBinding(options.nicsDirectory, options.tap, step.text)
    case 'ip':
    case 'bridge':
    case 'rules':
      throw new Error(`steps of kind ${step.kind} are applied elsewhere`)
  }
}

async function undoStep(step: Step, options: ApplyOptions): Promise<void> {
  switch (step.kind) {
    case 'ip':
    case 'bridge':
      return applyForced(step.kind, step.undo)
    case 'rules':
      // our own `up` is undone by now: what is up still has a guest behind it, and would be open
      if (isTapUp(options.tap)) throw new AgentError('RULES_IN_USE', `${options.tap} is up`)
      return removeRules(step.undo)
    case 'ovs':
      return run('ovs-vsctl', ['--timeout=10', ...step.undo])
    case 'script':
      if (step.undoPath !== undefined) await run(step.undoPath, [], options.environment)
      return
    case 'binding':
      return removeBinding(options.nicsDirectory, options.tap)
    case 'sysctl': // those of a tap go with it
    case 'clear':
    case 'forget':
      return
  }
}

/** IFF_UP of linux/if.h, as /sys has it. */
function isTapUp(tap: string): boolean {
  try {
    return (Number(readFileSync(`/sys/class/net/${tap}/flags`, 'utf8')) & 1) === 1
  } catch {
    return false // it is gone
  }
}

async function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { code, stdout, stderr } = await runProgram(program, args, '', {
    environment,
    timeoutMs: scriptTimeoutMs,
    maxOutputBytes: outputBytes,
  })
  if (code === 0) return
  const said = `${stderr}\n${stdout}`.split('\n').find((line) => line.trim() !== '')
  const complaint = said?.trim() ?? `ended with status ${code}`
  const who = `${program}: `
  throw new AgentError('PROGRAM_FAILED', complaint.startsWith(who) ? complaint : who + complaint)
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
