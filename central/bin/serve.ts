/**
 * `okeanid-central serve`: the service, in the foreground.
 *
 * Start-up: configuration, log, key, store (brought to this version), pools; then the API listens, and READY=1 goes to systemd. Neither
 * the broker nor any cluster is waited for: they are called again and again.
 * Steady state, side by side: the API answers from the store; the update path takes messages from the broker into it; the effect
 * path tells clusters what intents say; capacities are read; what is old is forgotten. SIGTERM and SIGINT stop them in reverse
 * order: requests that are under way are answered; what was not acknowledged comes again; intents go on at the next start.
 * Failure: a task that fails is a bug; the others stop, the exit code is 1, and systemd starts anew. Several such services may
 * run over one PostgreSQL at the same time.
 */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { brokerSettings } from '#broker/configured.js'
import type { BrokerState } from '#broker/settings.js'
import { buildApp } from '#central/api/app.js'
import type { Context } from '#central/api/context.js'
import { runUpdates } from '#central/update/run-updates.js'
import { AgentError, systemCode } from '#errors.js'
import { openNotify } from '#kernel/notify.js'
import { createLog } from '#service/log.js'
import { createMetrics } from '#service/metrics.js'
import { signalOfProcess } from '#service/signals.js'
import { aborted, outcomeError, runTasks, type Task } from '#service/tasks.js'
import { watchdogTask } from '#service/watchdog.js'
import type { CentralOptions } from './command-options.js'
import { openParts, type Parts } from './parts.js'
import { type Room, withRoom } from './room.js'

/** How long tasks may take to stop; systemd's own limit is longer. */
const stopDeadlineMs = 10_000

/** What of the environment is read: systemd's variables. */
interface Environment {
  readonly [name: string]: string | undefined
}

/** Runs the service until it is told to stop or fails. */
export async function serve(
  options: CentralOptions,
  { environment }: { readonly environment: Environment },
): Promise<void> {
  await withRoom(options, (room) => run(room, environment))
}

async function run(room: Room, environment: Environment): Promise<void> {
  const { config, files } = room
  const withPriority = environment['JOURNAL_STREAM'] !== undefined
  const log = createLog({ level: config.log.level, withPriority })
  const notify = openNotify(environment['NOTIFY_SOCKET'])
  const signal = signalOfProcess()
  await using parts = openParts({ ...room, log, metrics: createMetrics() })
  const { context } = parts
  await using app = await listening(context)
  let broker: BrokerState | undefined
  const onState = (state: BrokerState) => {
    const isNews = state.kind !== broker?.kind
    broker = state
    if (isNews)
      log('info', 'broker', { state: state.kind, host: state.host, why: state.lastProblem })
  }
  const summary = () =>
    `listening; broker ${config.broker.enabled ? (broker?.kind ?? 'unknown') : 'off'}`
  log('info', 'started', { config: files.join(',') || 'defaults', pid: process.pid, ...app.where })
  notify(`READY=1\nSTATUS=${summary()}`)
  const watchdogMs = Number(environment['WATCHDOG_USEC'] ?? 0) / 1000
  const outcome = await runTasks(
    [
      ...parts.tasks,
      ...(config.broker.enabled ? [await updateTask(parts, onState)] : []),
      app.task,
      watchdogTask(watchdogMs, () => notify(`WATCHDOG=1\nSTATUS=${summary()}`)),
    ],
    { signal, deadlineMs: stopDeadlineMs },
  )
  notify('STOPPING=1')
  const { failure, stuck } = outcome
  log('info', 'stopped', { failed: failure?.task, stuck: stuck.join(',') || undefined })
  const error = outcomeError(outcome)
  if (error !== undefined) throw error
}

async function updateTask(
  { context, refresh }: Parts,
  onState: (state: BrokerState) => void,
): Promise<Task> {
  const settings = await brokerSettings(context.config.broker)
  return {
    name: 'updates',
    run: (signal) =>
      runUpdates({ ...context, settings, signal, onState, onClusterChange: refresh }),
  }
}

/** The API behind its socket. */
async function listening(
  context: Context,
): Promise<AsyncDisposable & { readonly task: Task; readonly where: Where }> {
  const { server } = context.config
  const app = await buildApp(context)
  await listen(app, server)
  const close = () => app.close()
  const { address, port } = app.server.address() as AddressInfo
  return {
    where: { address, port, tls: server.cert_file !== '' },
    task: {
      name: 'api',
      async run(signal) {
        await aborted(signal)
        await close()
      },
    },
    [Symbol.asyncDispose]: close,
  }
}

/** Where it listens. */
interface Where {
  readonly address: string
  readonly port: number
  readonly tls: boolean
}

async function listen(
  app: FastifyInstance,
  { listen: host, port }: Context['config']['server'],
): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    await app.close()
    const why = systemCode(cause) ?? String(cause)
    const what = `[server] listen and port: cannot listen on ${host} port ${port} (${why})`
    throw new AgentError(why === 'EADDRINUSE' ? 'SOCKET_TAKEN' : 'CONFIG_INVALID', what, { cause })
  }
}
