import type { QueueState } from '#kernel/packet-queue.js'
import { nonZero, type OutcomeCounts } from '#responder/counts.js'
import type { Dispatcher, NicTally } from '#responder/dispatch.js'
import type { NodeConfig } from '#service/node-config.js'
import { describeProcess, type ProcessStatus, processStatus } from './process-status.js'
import type { ResponderQueues } from './responder-queues.js'
import type { ServedNics } from './served-nics.js'

/** One packet queue of a responder. */
export interface QueueStatus {
  readonly number: number
  /** What it is for: `dhcp4`, `rs`, `ns` or `dhcp6`, and for which networks. */
  readonly purpose: string
  readonly state: QueueState
  readonly received: number
  /** How often the kernel said that a queue's buffer was full: packets were lost, or passed where they may. */
  readonly overflows: number
  /** Verdicts that the kernel refused. */
  readonly verdictErrors: number
  /**
   * Packets that wait in the kernel, and those that it dropped because the queue or its socket was full; null where only
   * root is told.
   */
  readonly waiting: number | null
  readonly dropped: number | null
}

/** How a responder role is, as `okeanid status --json` prints it. */
export interface ResponderStatus extends ProcessStatus {
  readonly role: 'responder'
  /** NICs with a tap on this host, and bindings whose tap is not there (yet). */
  readonly nics: { readonly served: number; readonly waiting: number; readonly problems: number }
  readonly queues: readonly QueueStatus[]
  /** How often each outcome came, those that never came left out. */
  readonly outcomes: Readonly<Partial<OutcomeCounts>>
  readonly frames: { readonly sent: number; readonly failed: number }
}

/** One NIC, as `okeanid dhcp list --json` prints it. */
export interface NicStatus {
  readonly instance: string
  readonly nic: string
  readonly tap: string
  readonly mac: string
  readonly network: string | null
  readonly mode: string
  readonly address: string | null
  readonly services: readonly string[]
  readonly lastAnswer: string | null
  /** Unix milliseconds. */
  readonly lastAnswerMs: number | null
  readonly outcomes: Readonly<Partial<OutcomeCounts>>
}

/** What the status is made of. */
export interface ResponderParts {
  readonly config: Pick<NodeConfig, 'digest'>
  readonly dispatcher: Dispatcher
  readonly nics: Pick<ServedNics, 'fileCount' | 'problemCount'>
  readonly queues: ResponderQueues
  readonly sending: { readonly sent: number; readonly refused: ReadonlyMap<number, number> }
}

/** The role's status now. */
export function responderStatus({
  config,
  dispatcher,
  nics,
  queues,
  sending,
}: ResponderParts): ResponderStatus {
  const served = dispatcher.count()
  return {
    role: 'responder',
    ...processStatus(config),
    nics: {
      served,
      waiting: Math.max(0, nics.fileCount() - served),
      problems: nics.problemCount(),
    },
    queues: queues.status(),
    outcomes: nonZero(dispatcher.totals()),
    frames: { sent: sending.sent, failed: [...sending.refused.values()].reduce(sum, 0) },
  }
}

function sum(a: number, b: number): number {
  return a + b
}

/** How one NIC is. */
export function nicStatus({ nic, counts, lastAnswer }: NicTally): NicStatus {
  const { service } = nic
  const offered = {
    dhcp4: service.dhcp4,
    ra: service.ra,
    nd: service.neighbours,
    dhcp6: service.dhcp6,
  }
  return {
    instance: service.instance,
    nic: service.nic,
    tap: service.tap,
    mac: service.mac,
    network: service.network ?? null,
    mode: service.mode,
    address: service.dhcp4?.address ?? null,
    services: Object.entries(offered).flatMap(([name, value]) =>
      value === undefined ? [] : [name],
    ),
    lastAnswer: lastAnswer?.what ?? null,
    lastAnswerMs: lastAnswer?.unixMs ?? null,
    outcomes: counts,
  }
}

/** One line: what `systemctl status` shows. */
export function describeResponder({ nics, queues }: ResponderStatus): string {
  const deaf = queues.filter(({ state }) => state.kind !== 'bound')
  const how =
    deaf.length === 0
      ? 'all queues bound'
      : `NOT bound: ${deaf.map(({ number }) => number).join(', ')}`
  return `${nics.served} NICs, ${how}`
}

/** What `okeanid status` prints of it: name and value of each line. */
export function describeResponderLines(
  status: ResponderStatus,
): readonly (readonly [string, string])[] {
  const { nics, queues, outcomes, frames } = status
  return [
    ['role', describeProcess(status)],
    [
      'nics',
      `${nics.served} served, ${nics.waiting} wait for their tap, ${nics.problems} bindings unusable`,
    ],
    ...queues.map(({ number, purpose, state, received, waiting, dropped }) => {
      const how =
        state.kind === 'waiting'
          ? `NOT BOUND: ${state.problem.message}; ${state.problem.hint}`
          : state.kind
      return [
        `queue ${number}`,
        `${purpose}, ${how}, ${received} packets, ${waiting ?? '?'} waiting, ${dropped ?? '?'} lost`,
      ] as const
    }),
    ['answers', `${frames.sent} frames sent, ${frames.failed} refused by the kernel`],
    [
      'outcomes',
      Object.entries(outcomes)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ') || 'none yet',
    ],
  ]
}
