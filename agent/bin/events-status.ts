import type { Publisher } from '#broker/publisher.js'
import type { Outbox } from '#outbox/outbox.js'
import type { Mastership } from './cluster-task.js'
import type { EventCounters } from './event-counters.js'
import { describeProcess, mebibytes, type ProcessStatus, processStatus } from './process-status.js'
import type { Delivery } from './publish-task.js'

/** What the status is made of. */
export interface StatusParts {
  readonly mastership: Mastership
  readonly outbox: Outbox
  readonly publisher: Publisher | undefined
  readonly delivery: Delivery
  readonly counters: EventCounters
}

/** How an events role is, as `okeanid status --json` prints it. */
export interface EventsStatus extends ProcessStatus {
  readonly role: 'events'
  readonly cluster: string | null
  readonly node: string | null
  readonly masterNode: string | null
  readonly isMaster: boolean
  readonly isCandidate: boolean
  readonly broker: {
    readonly state: string
    readonly host: string | null
    readonly problem: string | null
    /** Routing keys for which no queue was bound when they were used last. */
    readonly unroutable: readonly string[]
  }
  readonly outbox: {
    readonly backlogMessages: number
    readonly backlogBytes: number
    readonly lagSeconds: number
    readonly isWritable: boolean
    /** Since the start; `okeanid outbox list` shows all that lie there. */
    readonly quarantined: number
    /** Of those that wait: how many the broker did not take although it is there, and why. */
    readonly held: number
    readonly heldReason: string | null
    readonly problem: string | null
  }
  /** When a message was taken last and when one was confirmed last, Unix milliseconds, since the start. */
  readonly lastTakenMs: number | null
  readonly lastConfirmedMs: number | null
  readonly counters: Readonly<Record<string, number>>
}

/** The role's status now. */
export function statusOf(parts: StatusParts): EventsStatus {
  const { mastership, outbox, publisher, delivery, counters } = parts
  const { view, isMaster } = mastership.current()
  const stats = outbox.stats()
  const broker = publisher?.state()
  return {
    role: 'events',
    ...processStatus(),
    cluster: view?.clusterName ?? null,
    node: view?.ownNode ?? null,
    masterNode: view?.masterNode ?? null,
    isMaster,
    isCandidate: view?.isCandidate ?? false,
    broker: {
      state: broker?.kind ?? 'disabled',
      host: broker?.host ?? null,
      problem: broker?.lastProblem ?? null,
      unroutable: [...delivery.unroutable].sort(),
    },
    outbox: {
      backlogMessages: stats.backlogCount,
      backlogBytes: stats.backlogBytes,
      lagSeconds:
        stats.oldestMs === undefined
          ? 0
          : Math.max(0, Math.round((Date.now() - stats.oldestMs) / 1000)),
      isWritable: stats.isWritable,
      quarantined: stats.quarantinedCount,
      held: delivery.heldBack?.count ?? 0,
      heldReason: delivery.heldBack?.reason ?? null,
      problem: stats.lastWriteError?.message ?? null,
    },
    lastTakenMs: counters.messages.lastMs() ?? null,
    lastConfirmedMs: counters.published.lastMs() ?? null,
    counters: Object.fromEntries(
      Object.entries(counters).map(([name, counter]) => [name, counter.total()]),
    ),
  }
}

/** One line: what `systemctl status` shows. */
export function describeEvents({ isMaster, node, broker, outbox }: EventsStatus): string {
  const place =
    node === null ? 'no cluster' : isMaster ? `master (${node})` : `not master (${node})`
  return `${place}, broker ${broker.state}, backlog ${outbox.backlogMessages}`
}

/** What `okeanid status` prints of it: name and value of each line. */
export function describeEventsLines(status: EventsStatus): readonly (readonly [string, string])[] {
  const { broker, outbox, counters } = status
  const place = status.isMaster
    ? 'master'
    : status.isCandidate
      ? 'master candidate'
      : 'no master candidate'
  return [
    ['role', describeProcess(status)],
    [
      'node',
      status.node === null
        ? 'not in a cluster'
        : `${status.node} (${place}) of ${status.cluster ?? '?'}, master ${status.masterNode ?? 'none'}`,
    ],
    [
      'broker',
      [
        broker.state,
        broker.host,
        broker.problem,
        broker.unroutable.length === 0 ? null : `no queue for ${broker.unroutable.join(' ')}`,
      ]
        .filter((part) => part !== null)
        .join(', '),
    ],
    [
      'outbox',
      `${outbox.backlogMessages} waiting (${mebibytes(outbox.backlogBytes)}), oldest ${outbox.lagSeconds} s, ${outbox.quarantined} quarantined${outbox.held === 0 ? '' : `, ${outbox.held} held: ${outbox.heldReason ?? ''}`}${outbox.isWritable ? '' : `; NOT WRITABLE: ${outbox.problem ?? ''}`}`,
    ],
    ['last', `message taken ${ago(status.lastTakenMs)}, confirmed ${ago(status.lastConfirmedMs)}`],
    [
      'counters',
      Object.entries(counters)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
  ]
}

function ago(ms: number | null): string {
  return ms === null
    ? 'never since the start'
    : `${Math.max(0, Math.round((Date.now() - ms) / 1000))} s ago`
}
