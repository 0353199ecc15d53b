import { AgentError } from '#errors.js'

/** One of the things that a program does side by side. */
export interface Task {
  readonly name: string
  /** Runs until the signal aborts, or fails; a task that ends by itself without an error is simply done. */
  run(signal: AbortSignal): Promise<void>
}

/** How a program's tasks ended. */
export interface TasksOutcome {
  /** The failure that ended it all, if there was one. */
  readonly failure: { readonly task: string; readonly error: unknown } | undefined
  /** Tasks that had not stopped at the deadline. */
  readonly stuck: readonly string[]
}

/**
 * Runs tasks side by side until the signal aborts or one of them fails; then stops them in reverse order, each one
 * before the next, within a common deadline.
 */
export async function runTasks(
  tasks: readonly Task[],
  { signal, deadlineMs }: { readonly signal: AbortSignal; readonly deadlineMs: number },
): Promise<TasksOutcome> {
  let failure: TasksOutcome['failure']
  const failed = new AbortController()
  const running = tasks.map((task) => {
    const stop = new AbortController()
    const done = task.run(stop.signal).catch((error: unknown) => {
      failure ??= { task: task.name, error }
      failed.abort()
    })
    return { name: task.name, stop, done }
  })
  await Promise.race([aborted(signal), aborted(failed.signal)])
  const deadline = deadlineAfter(deadlineMs)
  const stuck: string[] = []
  for (const { name, stop, done } of running.reverse()) {
    stop.abort()
    const isDone = await Promise.race([done.then(() => true), deadline.passed.then(() => false)])
    if (!isDone) stuck.push(name)
  }
  deadline.cancel()
  return { failure, stuck }
}

/** The error to end with, or undefined when all went well. */
export function outcomeError({ failure, stuck }: TasksOutcome): Error | undefined {
  if (failure !== undefined)
    return failure.error instanceof Error ? failure.error : new Error(String(failure.error))
  return stuck.length === 0
    ? undefined
    : new AgentError('TASK_STUCK', `did not stop in time: ${stuck.join(', ')}`)
}

/** Resolves when the signal aborts, at once when it has. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function deadlineAfter(ms: number): { readonly passed: Promise<void>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  return { passed, cancel: () => clearTimeout(timer) }
}
