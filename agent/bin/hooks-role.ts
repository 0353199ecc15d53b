/**
 * The hooks role: what Ganeti's post hooks left goes to everybody who goes by it.
 *
 *     dispatch task  spool of the entry -> hint for the nics role, NICs for the events role, environment for scripts
 *     scripts task   environment -> the administrator's scripts in transient units -> results
 *
 * Ganeti's job waits for the entry alone (`hooks/okeanid-post`, a shell that writes one file); all else is done here, behind its back.
 * Start-up: okeanid-hooks.path starts it when there is a file. Steady state: none; after a while without files it ends, so that a node on
 * which nothing happens pays nothing. Failure: a hook goes from one spool only when it stands in the others, so a crash hands it on
 * again; a disk that is full stops the taking. Runs as root, and reads no network.
 */
import type { Log } from '#service/log.js'
import { createMetrics, type Metrics } from '#service/metrics.js'
import type { NodeConfig } from '#service/node-config.js'
import { openStatusSocket } from '#service/status-socket.js'
import { hookDispatchTask } from './hook-dispatch-task.js'
import { hintTaker, netTaker, scriptTaker, tellGap } from './hook-takers.js'
import { describeHooks, type HookCounts, hooksStatus } from './hooks-status.js'
import { hostScripts } from './host-scripts.js'
import { createIdleness } from './idleness.js'
import { createJobFinder } from './job-finder.js'
import { pathsOf } from './paths.js'
import type { Role } from './role.js'

/** How long it waits for more before it ends. */
const restAfterMs = 20_000

/** Opens what the role needs. */
export async function openHooksRole(config: NodeConfig, log: Log): Promise<Role> {
  const paths = pathsOf(config)
  const idleness = createIdleness(restAfterMs)
  const { task, counts } = hookDispatchTask({
    directory: paths.hooksSpool,
    takers: [
      hintTaker(paths.hintsSpool),
      ...(config.broker.enabled ? [netTaker(paths.netSpool)] : []),
      scriptTaker(paths.scriptsSpool, {
        scriptsDirectory: config.scripts.directory,
        finder: createJobFinder(paths),
      }),
    ],
    onLost: (count) => tellGap(paths.netSpool, count),
    idleness,
    log,
  })
  const scripts = hostScripts(config, { log, onBusy: idleness.begin })
  const status = () => hooksStatus(config, { hooks: counts(), scripts: scripts.state() })
  const metrics = createMetrics()
  addCounters(metrics, counts)
  const socket = await openStatusSocket(paths.statusSocket('hooks'), {
    '/status': { contentType: 'application/json', read: () => JSON.stringify(status()) },
    '/metrics': { contentType: 'text/plain; version=0.0.4', read: metrics.format },
  })
  return {
    tasks: [scripts.task, task],
    rested: idleness.rested,
    summary: () => describeHooks(status()),
    async [Symbol.asyncDispose]() {
      idleness.close()
      await socket.close()
    },
  }
}

function addCounters(metrics: Metrics, counts: () => HookCounts): void {
  const counters = [
    ['hooks_taken', 'Hooks that were handed on since the role was started.', 'taken'],
    ['hooks_lost', 'Hooks of which the entry could leave nothing.', 'lost'],
    ['hook_files_bad', 'Files of the spool that were no hook’s.', 'bad'],
  ] as const
  for (const [name, help, key] of counters)
    metrics.samples('counter', { name: `${name}_total`, help }, () => [
      { labels: {}, value: counts()[key] },
    ])
}
