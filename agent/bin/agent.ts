/**
 * `okeanid agent`: the daemon, in the foreground, as one role or as all of them.
 *
 * Start-up: configuration, log, whatever the role owns (outbox, packet queues, status socket); then READY=1 to systemd. Nothing
 * that may be missing for a while (Ganeti, the broker, taps) is waited for: it is looked for again and again.
 * Steady state: tasks side by side, see events-role.ts, responder-role.ts and nics-role.ts. SIGTERM and SIGINT stop them in
 * reverse order; what was taken stays in the outbox. Failure: a task that fails is a bug or a lost disk; the others stop and the exit code is 1, systemd
 * starts anew. The watchdog is fed from the event loop, so a blocked loop is ended by systemd.
 */
import { setFlagsFromString } from 'node:v8'
import { openNotify } from '#kernel/notify.js'
import { loadConfig } from '#service/config.js'
import { createLog } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import { aborted, outcomeError, runTasks, type Task } from '#service/tasks.js'
import { openRole, type Role, type RoleContext, type RoleName, roleNames } from './role.js'
import { signalOfProcess } from './signals.js'

/** How long tasks may take to stop; systemd's own limit is longer. */
const stopDeadlineMs = 10_000

/** What of the environment an agent reads: systemd's variables. */
export interface AgentEnvironment {
  readonly [name: string]: string | undefined
}

/** Runs the agent until it is told to stop or fails. Without a role it is all of them, the responder in a thread. */
export async function runAgent(
  location: { readonly file: string; readonly isRequired: boolean },
  {
    role: name,
    environment,
  }: { readonly role?: RoleName | undefined; readonly environment: AgentEnvironment },
): Promise<void> {
  // after a burst V8 would keep twice the heap that is needed; slower growth costs a few per cent of CPU (docs/performance.md)
  setFlagsFromString('--heap-growing-percent=30')
  const { config, files } = await loadConfig(location.file, location)
  const withPriority = environment['JOURNAL_STREAM'] !== undefined
  const log = createLog({ level: config.agent.log_level, withPriority })
  const notify = openNotify(environment['NOTIFY_SOCKET'])
  const signal = signalOfProcess()
  await using role =
    name === undefined
      ? await openAll(config, { log, location, withPriority })
      : await openRole(name, config, { log, location })
  log('info', 'started', {
    role: name ?? 'all',
    config: files.join(',') || 'defaults',
    pid: process.pid,
  })
  notify(`READY=1\nSTATUS=${role.summary()}`)
  const outcome = await runTasks(
    [...role.tasks, watchdog(environment, () => notify(watchdogState(role.summary())))],
    {
      signal: role.rested === undefined ? signal : AbortSignal.any([signal, role.rested]),
      deadlineMs: stopDeadlineMs,
    },
  )
  notify('STOPPING=1')
  log('info', 'stopped', {
    failed: outcome.failure?.task,
    stuck: outcome.stuck.join(',') || undefined,
  })
  const error = outcomeError(outcome)
  if (error !== undefined) throw error
}

/** Every role in this process; what cannot be opened takes the others down with it, with its reason. */
async function openAll(
  config: NodeConfig,
  { log, location, withPriority }: RoleContext & { readonly withPriority: boolean },
): Promise<Role> {
  const { openResponderThread } = await import('./responder-thread.js')
  const open: Role[] = []
  const close = async (): Promise<void> => {
    for (const role of open.splice(0).reverse()) await role[Symbol.asyncDispose]()
  }
  try {
    for (const name of roleNames)
      open.push(
        name === 'responder'
          ? await openResponderThread(config, { withPriority })
          : await openRole(name, config, { log, location }),
      )
  } catch (error) {
    await close()
    throw error
  }
  return {
    tasks: open.flatMap(({ tasks }) => tasks),
    summary: () => open.map((role) => role.summary()).join('; '),
    [Symbol.asyncDispose]: close,
  }
}

function watchdogState(summary: string): string {
  return `WATCHDOG=1\nSTATUS=${summary}`
}

/** Feeds systemd's watchdog twice in its time, and without one shows the status every ten seconds. */
function watchdog(environment: AgentEnvironment, feed: () => void): Task {
  const limitMs = Number(environment['WATCHDOG_USEC'] ?? 0) / 1000
  return {
    name: 'watchdog',
    async run(signal) {
      const timer = setInterval(feed, limitMs > 0 ? limitMs / 2 : 10_000)
      await aborted(signal)
      clearInterval(timer)
    },
  }
}
