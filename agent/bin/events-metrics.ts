import type { Metrics } from '#service/metrics.js'
import { type StatusParts, statusOf } from './events-status.js'
import { processStatus } from './process-status.js'

/** Registers what is read when somebody asks; the counters are the events counters'. docs/operation.md lists all. */
export function addEventsMetrics(metrics: Metrics, parts: StatusParts): void {
  const { outbox, mastership, publisher } = parts
  const gauges: readonly (readonly [string, string, () => number])[] = [
    [
      'backlog_messages',
      'Messages on disk that the broker has not confirmed.',
      () => outbox.stats().backlogCount,
    ],
    ['backlog_bytes', 'Their size on disk.', () => outbox.stats().backlogBytes],
    ['lag_seconds', 'Age of the oldest of them.', () => statusOf(parts).outbox.lagSeconds],
    [
      'outbox_writable',
      '0 while the outbox cannot be written.',
      () => (outbox.stats().isWritable ? 1 : 0),
    ],
    [
      'quarantined_messages',
      'Messages that were moved aside since the start.',
      () => outbox.stats().quarantinedCount,
    ],
    [
      'held_messages',
      'Of those on disk: held because the broker did not take them although it is there.',
      () => parts.delivery.heldBack?.count ?? 0,
    ],
    [
      'broker_connected',
      '1 while the broker takes messages.',
      () => (publisher?.state().kind === 'connected' ? 1 : 0),
    ],
    [
      'is_master',
      '1 while this node is the master.',
      () => (mastership.current().isMaster ? 1 : 0),
    ],
  ]
  for (const [name, help, read] of gauges) metrics.gauge(name, help, read)
  const info = {
    name: 'info',
    help: 'Always 1: version, Node.js and configuration of this node are its labels.',
  }
  metrics.samples('gauge', info, () => [{ labels: infoOf(parts), value: 1 }])
  const unroutable = {
    name: 'messages_unroutable_total',
    help: 'Messages for which no queue was bound, by routing key.',
  }
  metrics.samples('counter', unroutable, () =>
    [...(publisher?.returned() ?? [])].map(([key, value]) => ({ labels: { key }, value })),
  )
}

/** What tells this node's agent from others: labels of a metric. */
function infoOf({ config }: Pick<StatusParts, 'config'>): Readonly<Record<string, string>> {
  const { version, node_version, config: digest } = processStatus(config)
  return { version, node_version, config: digest }
}
