import type { NodeConfig } from '#service/node-config.js'
import { runTasks, type Task, type TasksOutcome } from '#service/tasks.js'
import type { Role } from './role.js'

/** How a role is run. */
export interface RunOptions {
  readonly signal: AbortSignal
  readonly deadlineMs: number
  /** Called when it does what it is there for, again each time that it was opened anew. */
  readonly onReady: (role: Role) => void
  /** What runs beside the role's own tasks. */
  readonly beside: (role: Role) => Task
}

/** A role that goes from one configuration to the next. */
export interface RunningRole extends AsyncDisposable {
  /** Runs it, as often as it is opened anew, until the signal aborts, it has nothing more to do, or a task fails. */
  run(options: RunOptions): Promise<TasksOutcome>
  /**
   * Goes over to another configuration; resolves when it holds.
   * @throws AgentError when the role cannot be opened with it; then the one before holds
   */
  change(config: NodeConfig): Promise<void>
}

interface Change {
  readonly config: NodeConfig
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/** Opens a role with its first configuration. */
export async function openRunning(
  first: NodeConfig,
  open: (config: NodeConfig) => Promise<Role>,
): Promise<RunningRole> {
  let config = first
  let role = await open(first)
  let wanted: Change | undefined
  let turn = new AbortController()

  /** @returns what the change failed of, if it did */
  async function reopen({ config: next, done, failed }: Change): Promise<void> {
    await role[Symbol.asyncDispose]()
    try {
      role = await open(next)
      config = next
      done()
    } catch (error) {
      role = await open(config)
      failed(error)
    }
  }

  return {
    async run({ signal, deadlineMs, onReady, beside }) {
      for (;;) {
        turn = new AbortController()
        const here = role
        void (here.ready ?? Promise.resolve()).then(() => onReady(here)) // a promise that is never rejected
        const ends = [signal, turn.signal, ...(here.rested === undefined ? [] : [here.rested])]
        const outcome = await runTasks([...here.tasks, beside(here)], {
          signal: AbortSignal.any(ends),
          deadlineMs,
        })
        const change = wanted
        wanted = undefined
        const goesOn = outcome.failure === undefined && outcome.stuck.length === 0
        if (change === undefined || !goesOn || signal.aborted) return outcome
        await reopen(change)
      }
    },
    change: (next) =>
      role.adopt === undefined
        ? new Promise((done, failed) => {
            wanted = { config: next, done, failed }
            turn.abort()
          })
        : role.adopt(next),
    [Symbol.asyncDispose]: async () => await role[Symbol.asyncDispose](),
  }
}
