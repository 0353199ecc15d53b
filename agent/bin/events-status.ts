import type { Publisher } from '#broker/publisher.js'
import type { Outbox } from '#outbox/outbox.js'
import type { NodeConfig } from '#service/node-config.js'
import type { Mastership } from './cluster-task.js'
import type { EventCounters } from './event-counters.js'
import { describeRanges } from './job-ranges.js'
import type { LedgerStore } from './ledger-store.js'
import { describeProcess, mebibytes, type ProcessStatus, processStatus } from './process-status.js'
import type { Delivery } from './publish-task.js'
import type { Hearing } from './settled-hear-task.js'

/** What the status is made of. */
export interface StatusParts {
  readonly config: Pick<NodeConfig, 'digest'>
  readonly mastership: Mastership
  readonly outbox: Outbox
  readonly publisher: Publisher | undefined
  readonly delivery: Delivery
  readonly counters: EventCounters
  readonly ledgerStore: LedgerStore
  readonly hearing: Pick<Hearing, 'ageMs'> | undefined
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
  readonly jobs: JobsStatus
  /** When a message was taken last and when one was confirmed last, Unix milliseconds, since the start. */
  readonly lastTakenMs: number | null
  readonly lastConfirmedMs: number | null
  readonly counters: Readonly<Record<string, number>>
}

/** What the node knows of the jobs of its cluster. */
export interface JobsStatus {
  /** Seen and not final yet. */
  readonly open: number
  /** Came to their end while another node was the master, which has not said that it told them. */
  readonly held: number
  /** Numbers of jobs, `1-4999 5003`, of which this node has no file: what became of them cannot be told from here. */
  readonly unknown: string
  /** Since the master's agent was heard, seconds; null on the master, and when it was not heard since the start. */
  readonly heardSeconds: number | null
}

/** The role's status now. */
export function statusOf(parts: StatusParts): EventsStatus {
  const { mastership, outbox, publisher, delivery, counters } = parts
  const { view, isMaster } = mastership.current()
  const stats = outbox.stats()
  const broker = publisher?.state()
  return {
    role: 'events',
    ...processStatus(parts.config),
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
    jobs: jobsOf(parts),
    lastTakenMs: counters.messages.lastMs() ?? null,
    lastConfirmedMs: counters.published.lastMs() ?? null,
    counters: Object.fromEntries(
      Object.entries(counters).map(([name, counter]) => [name, counter.total()]),
    ),
  }
}

function jobsOf({ ledgerStore, hearing, mastership }: StatusParts): JobsStatus {
  const ledger = ledgerStore.current()?.ledger
  const ageMs = hearing?.ageMs()
  const held = ledger?.heldCount() ?? 0
  return {
    open: (ledger?.openIds().length ?? 0) - (mastership.current().isMaster ? held : 0),
    held,
    unknown: describeRanges(ledger?.missing() ?? []),
    heardSeconds: ageMs === undefined ? null : Math.round(ageMs / 1000),
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
    ['jobs', describeJobs(status)],
    ['last', `message taken ${ago(status.lastTakenMs)}, confirmed ${ago(status.lastConfirmedMs)}`],
    [
      'counters',
      Object.entries(counters)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
  ]
}

function describeJobs({ isMaster, isCandidate, jobs }: EventsStatus): string {
  const { open, held, unknown, heardSeconds } = jobs
  const heard =
    heardSeconds === null
      ? 'the master’s agent not heard'
      : `the master’s agent heard ${heardSeconds} s ago`
  return [
    `${open} unfinished`,
    ...(held > 0
      ? [
          `${held} ${isMaster ? 'of before the failover to tell' : 'held until the master settles them'}`,
        ]
      : []),
    ...(isCandidate && !isMaster ? [heard] : []),
    ...(unknown === '' ? [] : [`unknown here: ${unknown}`]),
  ].join(', ')
}

function ago(ms: number | null): string {
  return ms === null
    ? 'never since the start'
    : `${Math.max(0, Math.round((Date.now() - ms) / 1000))} s ago`
}
