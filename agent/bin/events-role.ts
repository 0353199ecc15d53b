/**
 * The events role: what happens in Ganeti's job queue becomes messages on RabbitMQ, and none is lost.
 *
 *     cluster task   ssconf -> are we the master? -> starts and stops the queue task's work
 *     queue task     job files -> ledger: what is new -> messages -> outbox (on disk) -> ledger
 *     master task    another node was the master before -> a message, once
 *     publish task   outbox -> broker; acknowledged in the outbox when the broker confirmed
 *     spool tasks    what nic up, the nics role, the responder and `okeanid progress` saw: files -> messages -> outbox
 *     tags task      an op may have changed tags -> config.data -> a message for the instance's node -> outbox
 *     net task       what hooks told of NICs, and the op that ran them -> messages -> outbox
 *     node task      what the master says to this node -> a file for the nics role
 *     settled tasks  the master -> the other candidates: what they need not tell should it die (docs/failover.md)
 *     beat task      now and then, directly to the broker: this node is alive
 *
 * Steady state: the tasks meet only in the outbox, so a broker that is away stops nobody. Failure: what was taken is on
 * disk before the ledger says so; a crash in between tells the same facts again, with the same ids. A disk that is full stops
 * the taking, not the agent. Master candidates follow the queue and tell nothing, until one of them is the master.
 */
import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { brokerSettings } from '#broker/configured.js'
import { openPublisher } from '#broker/publisher.js'
import type { BrokerState } from '#broker/settings.js'
import { readProgressFile } from '#event/image-progress.js'
import { type Outbox, openOutbox } from '#outbox/outbox.js'
import type { Log } from '#service/log.js'
import { createMetrics } from '#service/metrics.js'
import type { NodeConfig } from '#service/node-config.js'
import type { SaveStep } from '#service/state-file.js'
import { openStatusSocket } from '#service/status-socket.js'
import { createProgressCheck, createVigil, type ProgressLook } from '#service/vigil.js'
import { clusterTask, createMastership, type Mastership } from './cluster-task.js'
import { createDetailsReader } from './details-reader.js'
import { createEventCounters } from './event-counters.js'
import { addEventsMetrics } from './events-metrics.js'
import { describeEvents, type StatusParts, statusOf } from './events-status.js'
import { heartbeatTask } from './heartbeat-task.js'
import { openLedgerStore } from './ledger-store.js'
import { masterTask } from './master-task.js'
import { createNetTeller } from './net-task.js'
import { nodeQueueTask } from './node-queue-task.js'
import { outboxRoutes } from './outbox-requests.js'
import { type Paths, pathsOf } from './paths.js'
import { createDelivery, publishTask } from './publish-task.js'
import { queueTask } from './queue-task.js'
import type { Role } from './role.js'
import { settledHearTask } from './settled-hear-task.js'
import { settledTellTask } from './settled-tell-task.js'
import { readNodeFact, type SpoolSource, spoolTask } from './spool-task.js'
import { createTagsTeller } from './tags-task.js'

/** What a benchmark or the fault matrix puts in place of a part, or is told by one. */
export interface EventsRoleObserver {
  readonly onConfirmed?: (messageId: string) => void
  readonly openOutbox?: typeof openOutbox
  readonly openPublisher?: typeof openPublisher
  readonly onLedgerStep?: (step: SaveStep) => void
  /** How long a piece of work may take before it counts as hanging; 0 or absent: for ever. */
  readonly hangMs?: number | undefined
}

/** Opens everything that the role needs and fails early when this node cannot have it. */
export async function openEventsRole(
  config: NodeConfig,
  log: Log,
  observer: EventsRoleObserver = {},
): Promise<Role> {
  const { onConfirmed, onLedgerStep, hangMs = 0 } = observer
  const paths = pathsOf(config)
  const metrics = createMetrics()
  const counters = createEventCounters(metrics)
  const mastership = createMastership()
  const settings = config.broker.enabled ? await brokerSettings(config.broker) : undefined
  await mkdir(path.dirname(paths.ledgerFile), { recursive: true, mode: 0o750 })
  const vigil = createVigil(hangMs)
  const opened = await (observer.openOutbox ?? openOutbox)({
    dir: paths.outboxDirectory,
    segmentBytes: config.outbox.segment_size.bytes,
  })
  const outbox: Outbox = {
    ...opened,
    append: (bodies) => vigil.during('writing the outbox', () => opened.append(bodies)),
  }
  try {
    const ledgerStore = await openLedgerStore(paths.ledgerFile, log, onLedgerStep)
    const socket = await openStatusSocket(paths.statusSocket('events'), {
      '/status': { contentType: 'application/json', read: () => JSON.stringify(statusOf(parts)) },
      '/metrics': { contentType: 'text/plain; version=0.0.4', read: metrics.format },
      ...outboxRoutes({ outbox, dir: paths.outboxDirectory, log }),
    })
    const readiness = createReadiness(mastership, settings !== undefined)
    const progress = createProgressCheck('nothing is sent, though the broker is connected', {
      limitMs: hangMs,
      look: () => sendingOf(parts),
    })
    const tell = logState(log)
    const publisher =
      settings &&
      (observer.openPublisher ?? openPublisher)({
        settings,
        random: Math.random,
        onState(state) {
          progress.disturbed()
          tell(state)
        },
      })
    if (publisher) vigil.ask(progress.question)
    const hearing = settings && settledHearTask({ mastership, ledgerStore, log }, settings)
    const details = createDetailsReader({ paths, log, counters })
    const base = { config, paths, log, counters, mastership, outbox, details }
    const parts = {
      ...{ ...base, ledgerStore, publisher, onConfirmed },
      ...{ runId: randomUUID(), vigil, hearing, ...readiness },
      delivery: createDelivery(),
      tags: createTagsTeller(base),
      net: createNetTeller(base),
    }
    addEventsMetrics(metrics, parts)
    const sending =
      publisher === undefined || settings === undefined || hearing === undefined
        ? []
        : [
            publishTask(parts, publisher),
            heartbeatTask(parts, publisher),
            queueTask(parts),
            masterTask(parts),
            parts.tags.task,
            nodeQueueTask(parts, settings),
            settledTellTask(parts, publisher),
            hearing.task,
          ]
    return {
      tasks: [
        ...sending,
        ...spoolSources(paths).map((source) => spoolTask(parts, source)),
        parts.net.task,
        clusterTask(parts),
      ],
      summary: () => describeEvents(statusOf(parts)),
      ready: readiness.ready,
      hanging: vigil.hanging,
      async [Symbol.asyncDispose]() {
        await socket.close()
        await publisher?.close()
        await ledgerStore.save()
        await outbox.close()
      },
    }
  } catch (error) {
    await outbox.close()
    throw error
  }
}

/** Something is to be sent when the broker is there and more waits than what it did not want. */
function sendingOf({ outbox, publisher, delivery, counters }: StatusParts): ProgressLook {
  const { backlogCount, ackedCount, quarantinedCount } = outbox.stats()
  const isDue =
    publisher?.state().kind === 'connected' && backlogCount > (delivery.heldBack?.count ?? 0)
  // what is tried again in vain is no hang of ours
  return { isDue, mark: ackedCount + quarantinedCount + counters.retried.total() }
}

/** Ready: we have looked whether this node is the master, and if it is, its queue is watched. */
function createReadiness(mastership: Mastership, takesJobs: boolean) {
  let onReady = () => {}
  const ready = new Promise<void>((resolve) => {
    onReady = resolve
  })
  return {
    ready,
    onWatching: onReady,
    onLooked() {
      if (!takesJobs || !mastership.current().isMaster) onReady()
    },
  }
}

/** The responder tells one thing only. */
function spoolSources({ nicsSpool, responderSpool, progressSpool }: Paths): readonly SpoolSource[] {
  return [
    { directory: nicsSpool, read: readNodeFact(({ status }) => status !== 'dhcp') },
    { directory: responderSpool, read: readNodeFact(({ status }) => status === 'dhcp') },
    { directory: progressSpool, read: readProgressFile },
  ]
}

/** Attempts go on for as long as an outage lasts: only the first of each kind of trouble is worth a line. */
function logState(log: Log): (state: BrokerState) => void {
  let told: string | undefined
  return ({ kind, host, lastProblem: problem }) => {
    const trouble = kind === 'waiting' || kind === 'blocked' ? `${kind} ${problem}` : undefined
    const isNews =
      kind === 'connected' || kind === 'closed' || (trouble !== undefined && trouble !== told)
    if (kind !== 'connecting') told = trouble
    const level = trouble === undefined ? 'info' : 'warning'
    log(isNews ? level : 'debug', `broker-${kind}`, { host: host || undefined, problem })
  }
}
