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
import { Server } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import type { BrokerState } from '#broker/settings.js'
import { buildApp, certificateOf } from '#central/api/app.js'
import type { Context } from '#central/api/context.js'
import { type CentralConfig, loadCentralConfig } from '#central/config/central-config.js'
import { AgentError, systemCode } from '#errors.js'
import { openNotify } from '#kernel/notify.js'
import { createLog } from '#service/log.js'
import { createMetrics } from '#service/metrics.js'
import { openReloading } from '#service/reloading.js'
import { signalOfProcess } from '#service/signals.js'
import { aborted, outcomeError, runTasks, type Task } from '#service/tasks.js'
import { watchdogTask } from '#service/watchdog.js'
import { type CentralOptions, configFile } from './command-options.js'
import { openParts } from './parts.js'
import { controlSocket, isFixed } from './reload.js'
import { type Room, withRoom } from './room.js'
import { openUpdates } from './updates-task.js'

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
  await withRoom(options, (room) => run(room, { environment, location: configFile(options) }))
}

async function run(
  room: Room,
  {
    environment,
    location,
  }: { readonly environment: Environment; readonly location: ReturnType<typeof configFile> },
): Promise<void> {
  const { config, files } = room
  const withPriority = environment['JOURNAL_STREAM'] !== undefined
  let level = config.log.level
  const log = createLog({ level: () => level, withPriority })
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
  const updates = config.broker.enabled ? await openUpdates(parts, onState) : undefined
  const runtime = environment['RUNTIME_DIRECTORY']
  await using _reloading = await openReloading({
    socketPath: runtime === undefined ? undefined : controlSocket(runtime),
    started: room,
    load: () => loadCentralConfig(location.file, location),
    isFixed: (name) => isFixed(room, name),
    async adopt({ config: next }, { changed }) {
      app.renewCertificate(next.server)
      if (changed.some((name) => name.startsWith('[broker]'))) await updates?.change(next.broker)
      level = next.log.level
    },
    log,
  })
  log('info', 'started', { config: files.join(',') || 'defaults', pid: process.pid, ...app.where })
  notify(`READY=1\nSTATUS=${summary()}`)
  const watchdogMs = Number(environment['WATCHDOG_USEC'] ?? 0) / 1000
  const outcome = await runTasks(
    [
      ...parts.tasks,
      ...(updates === undefined ? [] : [updates.task]),
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

/** The API behind its socket. */
async function listening(context: Context): Promise<Listening> {
  const { server } = context.config
  const app = await buildApp(context)
  await listen(app, server)
  const close = () => app.close()
  const { address, port } = app.server.address() as AddressInfo
  return {
    where: { address, port, tls: server.cert_file !== '' },
    renewCertificate(next) {
      if (!(app.server instanceof Server) || next.cert_file === '') return
      try {
        app.server.setSecureContext(certificateOf(next))
      } catch (cause) {
        const why = systemCode(cause) ?? String(cause)
        const what = `[server] cert_file and key_file cannot be used (${why})`
        throw new AgentError('CONFIG_INVALID', what, { cause })
      }
    },
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

/** The API while it listens. */
interface Listening extends AsyncDisposable {
  readonly task: Task
  readonly where: Where
  /** Connections that come are told what the files hold now. @throws AgentError CONFIG_INVALID */
  renewCertificate(server: CentralConfig['server']): void
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
