import { consume, type Delivery } from '#broker/consumer.js'
import type { BrokerSettings } from '#broker/settings.js'
import { userOf } from '#broker/user.js'
import { parseSettledNotice, settledQueue, settledRoutingKey } from '#event/settled-notice.js'
import type { Log } from '#service/log.js'
import type { Task } from '#service/tasks.js'
import type { Mastership } from './cluster-task.js'
import type { LedgerStore } from './ledger-store.js'
import { troubleLog } from './queue-trouble.js'

/** What the task works with. */
export interface SettledHearParts {
  readonly mastership: Mastership
  readonly ledgerStore: LedgerStore
  readonly log: Log
}

/** When the master's agent was heard last. */
export interface Hearing {
  readonly task: Task
  /** Milliseconds since, undefined for never since the start. */
  readonly ageMs: () => number | undefined
}

/** One notice says all; a queue that nobody reads goes soon. */
const limits = { maxLength: 1, expiresMs: 60_000 }

/**
 * While this node is a candidate: hears from the master's agent which jobs are settled, and holds them no longer. Who cannot hear (the
 * broker is away, the user may not have the queue) holds on, and tells more than it had to when it becomes the master.
 */
export function settledHearTask(parts: SettledHearParts, settings: BrokerSettings): Hearing {
  const { mastership } = parts
  let heardMs: number | undefined
  return {
    ageMs: () => (heardMs === undefined ? undefined : performance.now() - heardMs),
    task: {
      name: 'settled-hear',
      async run(signal) {
        while (!signal.aborted) {
          const { view, isMaster } = mastership.current()
          if (view?.ownNode === undefined || isMaster || !view.isCandidate) {
            heardMs = undefined
            await mastership.changed(signal)
          } else await hear({ node: view.ownNode, cluster: view.clusterName, signal })
        }
      },
    },
  }

  async function hear({
    node,
    cluster,
    signal,
  }: {
    readonly node: string
    readonly cluster: string
    readonly signal: AbortSignal
  }): Promise<void> {
    const changed = new AbortController()
    const either = AbortSignal.any([signal, changed.signal])
    const hearing = consume({
      settings,
      bindings: [settledRoutingKey],
      queue: { name: settledQueue(cluster, node), durable: true, ...limits },
      signal: either,
      onDelivery: (delivery) => take(delivery),
      onState: troubleLog(parts.log, 'settled-queue-waiting'),
    })
    while (!either.aborted) {
      await mastership.changed(either)
      const { view, isMaster } = mastership.current()
      const isSame = view?.ownNode === node && view.clusterName === cluster && view.isCandidate
      if (!isSame || isMaster) changed.abort()
    }
    await hearing
  }

  async function take({ body, messageId, userId }: Delivery): Promise<void> {
    const notice = parseSettledNotice(body)
    if (!notice.ok || userId !== userOf(settings)) {
      const why = notice.ok ? `is of the broker’s user ${userId ?? 'nobody'}` : notice.problem
      parts.log('warning', 'settled-refused', { id: messageId, why })
      return
    }
    const memory = parts.ledgerStore.current()
    // several clusters may share a broker; and whoever tells now decides by what it has told itself
    if (memory?.clusterUuid !== notice.value.clusterUuid || mastership.current().isMaster) return
    memory.ledger.settle(notice.value.ranges)
    parts.ledgerStore.touch()
    heardMs = performance.now()
  }
}
