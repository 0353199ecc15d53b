/**
 * `okeanid agent`: the daemon, in the foreground, as one role or as all of them.
 *
 * Start-up: configuration, log, whatever the role owns (outbox, packet queues, status socket); then READY=1 to systemd, by the events
 * role when it has looked whether it is the master and, if it is, watches the queue. Nothing that may be missing for a while
 * (Ganeti, the broker, taps) is waited for: it is looked for again and again.
 * Steady state: tasks side by side, see events-role.ts, responder-role.ts and nics-role.ts. SIGTERM and SIGINT stop them in
 * reverse order; what was taken stays in the outbox. SIGHUP and `okeanid reload` (docs/operation.md): the responder goes over to another
 * configuration in place, the others are closed and opened anew, which loses nothing for what they took is on disk. Failure: a task that fails is a bug or a lost disk; the others stop and the exit code is 1, systemd
 * starts anew. The watchdog is fed from the event loop, so a blocked loop is ended by systemd; and it is fed only while no piece of
 * work of the role hangs (`service/vigil.ts`). A broker that is away and a disk that is full are waited for, and hang nothing.
 */
import { setFlagsFromString } from 'node:v8'
import { type Notify, openNotify } from '#kernel/notify.js'
import { loadConfig } from '#service/config.js'
import { createLog, type Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import { openReloading } from '#service/reloading.js'
import { signalOfProcess } from '#service/signals.js'
import { outcomeError } from '#service/tasks.js'
import { watchdogTask } from '#service/watchdog.js'
import { pathsOf } from './paths.js'
import { isFixed, withFixed } from './reload-keys.js'
import { openRole, type Role, type RoleContext } from './role.js'
import { type RoleName, roleNames } from './role-names.js'
import { openRunning } from './running-role.js'

/** How long tasks may take to stop; systemd's own limit is longer. */
const stopDeadlineMs = 10_000

/**
 * How many of the watchdog's times a piece of work may take: five minutes with the unit's 60 s, longer than any disk that still works
 * takes for one batch, and short enough for somebody who waits for events.
 */
const hangLimits = 5

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
  const started = await loadConfig(location.file, location)
  const withPriority = environment['JOURNAL_STREAM'] !== undefined
  let level = started.config.agent.log_level
  const log = createLog({ level: () => level, withPriority })
  const notify = openNotify(environment['NOTIFY_SOCKET'])
  const signal = signalOfProcess()
  const watchdogMs = Number(environment['WATCHDOG_USEC'] ?? 0) / 1000
  const context = { log, location, hangMs: watchdogMs * hangLimits }
  await using running = await openRunning(started.config, (config) =>
    name === undefined
      ? openAll(config, { ...context, withPriority })
      : openRole(name, config, context),
  )
  await using _reloading = await openReloading({
    socketPath: pathsOf(started.config).controlSocket(name ?? 'all'),
    started,
    load: () => loadConfig(location.file, location),
    isFixed: (key) => isFixed(name, key),
    async adopt({ config }, { changed, needRestart }) {
      level = config.agent.log_level
      if (changed.length === 0) return
      // whoever compares nodes is to see that one goes by other files than it has
      const { digest } = needRestart.length === 0 ? config : started.config
      await running.change({ ...withFixed(name, config, started.config), digest })
    },
    log,
  })
  log('info', 'started', {
    role: name ?? 'all',
    config: started.files.join(',') || 'defaults',
    pid: process.pid,
  })
  const outcome = await running.run({
    signal,
    deadlineMs: stopDeadlineMs,
    onReady: (role) => notify(`READY=1\nSTATUS=${role.summary()}`),
    beside: (role) => watchdogTask(watchdogMs, feeder(role, log, notify)),
  })
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
  { withPriority, ...context }: RoleContext & { readonly withPriority: boolean },
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
          : await openRole(name, config, context),
      )
  } catch (error) {
    await close()
    throw error
  }
  return {
    tasks: open.flatMap(({ tasks }) => tasks),
    summary: () => open.map((role) => role.summary()).join('; '),
    ready: Promise.all(open.map(({ ready }) => ready)).then(() => undefined),
    hanging: () => open.map((role) => role.hanging?.()).find((what) => what !== undefined),
    [Symbol.asyncDispose]: close,
  }
}

/** Tells systemd that the role lives, with how it is; while something hangs only what, which ends it and starts it anew. */
function feeder(role: Role, log: Log, notify: Notify): () => void {
  let told: string | undefined
  return () => {
    const hanging = role.hanging?.()
    if (hanging === undefined) notify(`WATCHDOG=1\nSTATUS=${role.summary()}`)
    else notify(`STATUS=hangs: ${hanging}`)
    const work = hanging?.replace(/ for \d+ s$/, '')
    if (work !== undefined && work !== told) log('error', 'work-hangs', { what: hanging })
    told = work
  }
}
