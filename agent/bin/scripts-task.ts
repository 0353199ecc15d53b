/**
 * Runs the administrator's scripts for post hooks, off the job's path.
 *
 *     spool file -> queue (renamed) -> for each script in order: transient unit -> note of its end -> result -> next
 *
 * Start-up: what was queued, what was run for it, and what still runs are read from disk; units that an earlier process started are
 * waited for, not started again. Steady state: hooks of one instance one after the other, those of different ones side by side, up to a
 * limit; a hook that waits for a retry holds up its own instance only. Stop: units go on without us. Failure: a run that was begun and left
 * no note of its end was taken down with the host; it is told as interrupted, and run again if the configuration says so: at least once.
 * Without systemd nothing is run and nothing is taken: scripts outside the limits that were set for them would be worse than late.
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { AgentError } from '#errors.js'
import type { Units } from '#kernel/units.js'
import { lockFile } from '#lock/file-lock.js'
import type { Bounds } from '#script/bounds.js'
import { dueNow } from '#script/lanes.js'
import type { ScriptSettings } from '#script/settings.js'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import { createWakeup } from '#watch/wakeup.js'
import { loadHooks, type OpenHook } from './script-hooks.js'
import { takeHooks } from './script-intake.js'
import { openScriptQueue } from './script-queue.js'
import { highestHook, openScriptResults } from './script-results.js'
import { openScriptRuns, type ScriptPrograms } from './script-runs.js'
import { type ScriptStores, stepHook } from './script-step.js'

/** What the task works with. */
export interface ScriptsParts {
  /** Where the dispatcher leaves hooks; on the same file system as `stateDirectory`. */
  readonly spoolDirectory: string
  /** Folders `queue`, `runs` and `results` are made in it. */
  readonly stateDirectory: string
  /** With folders `post-<op>.d`. */
  readonly scriptsDirectory: string
  readonly programs: ScriptPrograms
  readonly units: Units
  readonly settingsOf: (script: string) => ScriptSettings
  /** Runs at the same time. */
  readonly parallelCount: number
  readonly bounds: Bounds
  /** This node's name in the cluster. */
  readonly ownNode: () => Promise<string | undefined>
  readonly random: () => number
  /** Called for each hook that is taken; what it returns, when nothing is left to do for it. */
  readonly onBusy?: () => () => void
  readonly log: Log
}

/** How the task is. */
export interface ScriptsState {
  /** Hooks that have not come to their end. */
  readonly hookCount: number
  /** Of those, how many have a script that runs. */
  readonly runCount: number
  /** Scripts are wanted, and there is no systemd to run them. */
  readonly isHeldUp: boolean
}

/** The task, and how it is. */
export interface Scripts {
  readonly task: Task
  state(): ScriptsState
}

/** How long the loop sleeps at most. */
const sleepMs = 5000

/** The task that runs scripts; there is one in a host. */
export function scriptsTask(parts: ScriptsParts): Scripts {
  const hooks = new Map<number, OpenHook>()
  const endings = new Map<number, () => void>()
  let isHeldUp = false
  const runCount = (): number => [...hooks.values()].filter(({ isRunning }) => isRunning).length
  const add = (hook: OpenHook): void => {
    hooks.set(hook.number, hook)
    const ended = parts.onBusy?.()
    if (ended !== undefined) endings.set(hook.number, ended)
  }
  const drop = ({ number }: OpenHook): void => {
    hooks.delete(number)
    endings.get(number)?.()
    endings.delete(number)
  }
  return {
    state: () => ({ hookCount: hooks.size, runCount: runCount(), isHeldUp }),
    task: {
      name: 'scripts',
      async run(signal) {
        await using stores = await openStores(parts, signal)
        for (const hook of await loadHooks(stores, parts.log)) add(hook)
        const { wake, sleep } = createWakeup(signal)
        const failures: unknown[] = []
        const going = new Set<Promise<void>>()
        const begin = (work: Promise<void>): void => {
          const watched = work
            .catch((error: unknown) => {
              failures.push(error)
            })
            .finally(() => {
              going.delete(watched)
              wake()
            })
          going.add(watched)
        }
        const onTaken = (hook: OpenHook): void => {
          add(hook)
          wake()
        }
        const onHeldUp = (value: boolean): void => {
          isHeldUp = value
        }
        begin(
          takeHooks(parts, {
            queue: stores.queue,
            count: () => hooks.size,
            signal,
            onTaken,
            onHeldUp,
          }),
        )
        begin(stores.runs.watch())
        while (!signal.aborted && failures.length === 0) {
          const placeCount = parts.parallelCount - runCount()
          const { due, againAtMs } = dueNow(hooks.values(), { nowMs: Date.now(), placeCount })
          for (const hook of due) {
            hook.isRunning = true
            begin(
              stepHook(hook, stores, { parts, signal }).then((isDone) => {
                hook.isRunning = false
                if (isDone) drop(hook)
              }),
            )
          }
          await sleep(Math.min(againAtMs - Date.now(), sleepMs))
        }
        if (failures.length > 0) throw failures[0]
        await Promise.all(going)
      },
    },
  }
}

/**
 * Opens what is kept on disk, for one process at a time.
 * @throws AgentError SOCKET_TAKEN when another has it
 */
async function openStores(
  { stateDirectory, programs, units, bounds, log }: ScriptsParts,
  signal: AbortSignal,
): Promise<ScriptStores & AsyncDisposable> {
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
  const lock = await lockFile(path.join(stateDirectory, 'lock'), { mode: 0o600 })
  if (!lock.ok)
    throw new AgentError('SOCKET_TAKEN', `another process runs the scripts of ${stateDirectory}`)
  const close = (): Promise<void> => Promise.resolve(lock.value.close())
  try {
    const runsFolder = path.join(stateDirectory, 'runs')
    const resultsFolder = path.join(stateDirectory, 'results')
    const highest = Math.max(await highestHook(runsFolder), await highestHook(resultsFolder))
    const queue = await openScriptQueue(path.join(stateDirectory, 'queue'), highest + 1)
    const runs = await openScriptRuns({ directory: runsFolder, programs, units, log, signal })
    const results = await openScriptResults(resultsFolder, { bounds, isOpen: queue.has })
    return { queue, runs, results, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}
