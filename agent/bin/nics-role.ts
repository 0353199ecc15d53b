/**
 * The nics role: the node's own side of the NICs. In this version: the rules that bring guests' packets into the queues.
 *
 *     instance task  Ganeti's files of running guests -> started, exited -> spool of the events role
 *     announce task  records of NICs -> whose guest runs here now? -> three announcements
 *     rules task   bindings -> served taps -> plan -> nft or iptables; now and then: still so? else repaired
 *
 * Start-up: the status socket; rules are first touched when all bindings have been read. Steady state: one small command for each
 * tap that comes or goes, one look at the rules every 15 s. Failure: a command that fails is tried again; the rules of before
 * stay meanwhile. Stop: the rules stay, for a restart or an upgrade must not take service from guests whose network wants silence
 * while nobody answers; `okeanid queueing remove` removes them. Runs as root, reads no guest bytes and no network.
 */
import path from 'node:path'
import { openFrames } from '#kernel/frames.js'
import { type QueueStats, readQueueStats } from '#kernel/queue-stats.js'
import type { Log } from '#service/log.js'
import { createMetrics, type Metrics } from '#service/metrics.js'
import type { NodeConfig } from '#service/node-config.js'
import { openStatusSocket } from '#service/status-socket.js'
import { type BindingNotice, followBindings } from '#watch/bindings.js'
import { type Announcing, announceTask } from './announce-task.js'
import { compileTask } from './compile-task.js'
import { instanceTask } from './instance-task.js'
import { describeNics, nicsStatus } from './nics-status.js'
import { repairPlaces } from './node-nics.js'
import { pathsOf } from './paths.js'
import { postHookTask } from './post-hook-task.js'
import { queueingSettings } from './queueing-settings.js'
import { addRepairFigures } from './repair-metrics.js'
import { repairTask } from './repair-task.js'
import type { Role, RoleContext } from './role.js'
import { type RulesState, rulesTask } from './rules-task.js'

/** Opens what the role needs. */
export async function openNicsRole(
  config: NodeConfig,
  { log, location }: RoleContext,
): Promise<Role> {
  const paths = pathsOf(config)
  const places = repairPlaces(config)
  const repair = repairTask({ places, everyMs: config.repair.every.ms, log })
  const { task, state } = rulesTask({
    options: queueingSettings(config),
    follow: ({ signal, onLoaded }) =>
      followBindings({
        nicsDirectory: paths.nicsDirectory,
        nfdhcpdDirectory: config.responder.nfdhcpd_directory,
        defaults: config.serving,
        rescanMs: config.responder.rescan.ms,
        onNotice: (notice) => {
          if (notice.kind === 'loaded') onLoaded()
          logNotice(log, notice)
        },
        signal,
      }),
    onLoss: repair.onLoss,
    log,
  })
  const frames = openFrames()
  const announcing = announceTask({ recordsDirectory: places.recordsDirectory, frames, log })
  const instances = instanceTask({
    root: config.ganeti.root,
    stateFile: path.join(config.agent.state_directory, 'nics/instances.json'),
    spoolDirectory: paths.nicsSpool,
    log,
  })
  const status = () => nicsStatus(config, { rules: state(), nics: repair.state() })
  const metrics = createMetrics()
  addGauges(metrics, state)
  addAnnouncements(metrics, announcing)
  addRepairFigures(metrics, repair.state)
  addQueueFigures(metrics, config.queueing)
  const socket = await openStatusSocket(paths.statusSocket('nics'), {
    '/status': { contentType: 'application/json', read: () => JSON.stringify(status()) },
    '/metrics': { contentType: 'text/plain; version=0.0.4', read: metrics.format },
  })
  return {
    tasks: [
      compileTask(location, log),
      repair.task,
      task,
      announcing.task,
      instances,
      postHookTask({ directory: paths.hintsSpool, log, onChange: repair.onHook }),
    ],
    summary: () => describeNics(status()),
    async [Symbol.asyncDispose]() {
      await socket.close()
      frames.close()
    },
  }
}

/** Damaged files are the responder's to complain about: it reads the same ones. */
function logNotice(log: Log, notice: BindingNotice): void {
  if (notice.kind === 'loaded')
    log('info', 'bindings-read', { count: notice.count, ms: Math.round(notice.tookMs) })
}

/** Root alone is told of what waits in the responder's queues and what they lost, so this role tells Prometheus. */
function addQueueFigures(metrics: Metrics, queueing: NodeConfig['queueing']): void {
  const { dhcp_queue, rs_queue, ns_queue, dhcpv6_queue, drop_queue_offset } = queueing
  const numbers = [dhcp_queue, rs_queue, ns_queue, dhcpv6_queue].flatMap((number) => [
    number,
    number + drop_queue_offset,
  ])
  const samples = (value: (stats: QueueStats) => number) => () =>
    numbers.flatMap((number) => {
      const stats = readQueueStats(number)
      return stats === undefined ? [] : [{ labels: { queue: String(number) }, value: value(stats) }]
    })
  metrics.samples(
    'gauge',
    { name: 'nics_queue_waiting', help: 'Packets in the kernel without a verdict.' },
    samples(({ waiting }) => waiting),
  )
  metrics.samples(
    'counter',
    {
      name: 'nics_queue_dropped_total',
      help: 'Packets that the kernel dropped because a queue or its buffer was full.',
    },
    samples(({ queueDropped, userDropped }) => queueDropped + userDropped),
  )
}

function addAnnouncements(metrics: Metrics, { counts, waitingCount }: Announcing): void {
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['nics_announced', 'NICs whose guests were seen to run here.', () => counts().nics],
    ['announcement_frames', 'Frames of announcements that left.', () => counts().frames],
    ['announcement_frames_refused', 'Those that the kernel did not take.', () => counts().refused],
  ]
  for (const [name, help, read] of counters)
    metrics.samples('counter', { name: `${name}_total`, help }, () => [
      { labels: {}, value: read() },
    ])
  metrics.gauge('nics_waiting', 'NICs whose guests do not run here yet.', waitingCount)
}

function addGauges(metrics: Metrics, state: () => RulesState): void {
  const gauges: readonly (readonly [string, string, () => number])[] = [
    ['rules_taps', 'Taps whose packets are wanted.', () => state().tapCount],
    [
      'rules_entries',
      'Entries of queueing rules in place.',
      () => state().outcome?.entryCount ?? 0,
    ],
    ['rules_repairs', 'How often somebody else’s change was repaired.', () => state().repairCount],
    [
      'rules_in_place',
      '0 while the rules are not as they should be.',
      () => (state().problem === undefined ? 1 : 0),
    ],
    [
      'rules_refused',
      'Protocols in which bridged taps are not served.',
      () => state().outcome?.refusals.length ?? 0,
    ],
  ]
  for (const [name, help, read] of gauges) metrics.gauge(name, help, read)
}
