import { setTimeout as delay } from 'node:timers/promises'
import type { Publisher } from '#broker/publisher.js'
import { AgentError } from '#errors.js'
import { settledMessage } from '#event/settled-notice.js'
import type { Outbox } from '#outbox/outbox.js'
import type { Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import type { Task } from '#service/tasks.js'
import type { Mastership } from './cluster-task.js'
import type { LedgerStore } from './ledger-store.js'

/** What the task works with. */
export interface SettledTellParts {
  readonly config: NodeConfig
  readonly mastership: Mastership
  readonly outbox: Outbox
  readonly ledgerStore: LedgerStore
  readonly log: Log
  /** Tells this run of the agent from others of the same node, for message ids. */
  readonly runId: string
}

/** How often it is looked whether nothing waits for the broker. */
const lookMs = 250

/**
 * While this node is the master: tells the other candidates every `rescan` which jobs they need not tell again should it die. What is done
 * in the ledger is in the outbox; at a moment when the outbox is empty, the broker has confirmed all of it. So nothing is said
 * while messages wait: then the candidates go on holding, and after a failover tell more than they had to.
 */
export function settledTellTask(parts: SettledTellParts, publisher: Publisher): Task {
  const { config, mastership, log, runId } = parts
  return {
    name: 'settled-tell',
    async run(signal) {
      let toldMs = Number.NEGATIVE_INFINITY
      for (let count = 1; !signal.aborted; ) {
        await delay(lookMs, undefined, { signal }).catch(() => undefined)
        if (signal.aborted || performance.now() - toldMs < config.events.rescan.ms) continue
        const notice = noticeNow(parts)
        if (notice === undefined || publisher.state().kind !== 'connected') continue
        toldMs = performance.now()
        try {
          const sent = { id: `${runId}.${count++}`, timeSeconds: Math.floor(Date.now() / 1000) }
          await publisher.send(settledMessage(notice, sent), signal)
        } catch (error) {
          if (!(error instanceof AgentError) && !signal.aborted) throw error
          log('debug', 'settled-not-told', { cluster: mastership.current().view?.clusterName })
        }
      }
    },
  }
}

/** What can be said in this very moment; all of it is read in one turn of the event loop. */
function noticeNow({ mastership, outbox, ledgerStore }: SettledTellParts) {
  const { isMaster, clusterUuid, view } = mastership.current()
  const memory = ledgerStore.current()
  if (!isMaster || view === undefined || view.masterCandidates.length < 2) return undefined
  if (memory === undefined || memory.clusterUuid !== clusterUuid || !memory.wasMaster)
    return undefined
  if (outbox.stats().backlogCount > 0) return undefined
  return { clusterUuid, node: view.ownNode ?? '', ranges: memory.ledger.settled() }
}
