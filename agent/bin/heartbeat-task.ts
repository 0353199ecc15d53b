import { setTimeout as delay } from 'node:timers/promises'
import type { Publisher } from '#broker/publisher.js'
import { AgentError } from '#errors.js'
import { encodeEvent } from '#event/encode.js'
import type { Outbox } from '#outbox/outbox.js'
import { listeningAmong } from '#service/listening-sockets.js'
import type { Log } from '#service/log.js'
import type { NodeConfig } from '#service/node-config.js'
import type { Task } from '#service/tasks.js'
import { packageVersion } from '#service/version.js'
import type { Mastership } from './cluster-task.js'
import type { EventCounters } from './event-counters.js'
import { pathsOf } from './paths.js'
import { roleNames } from './role-names.js'

/** What a heartbeat tells about. */
export interface HeartbeatParts {
  readonly config: NodeConfig
  readonly mastership: Mastership
  readonly outbox: Outbox
  readonly counters: EventCounters
  readonly log: Log
  /** Tells this run of the agent from others of the same node, for message ids. */
  readonly runId: string
}

/**
 * Says now and then that this node is alive. Heartbeats go to the broker directly and are dropped when it is away: an old
 * one is worth nothing, and a day without a broker must not fill the outbox with them.
 */
export function heartbeatTask(parts: HeartbeatParts, publisher: Publisher): Task {
  const { config, log, counters } = parts
  return {
    name: 'heartbeat',
    async run(signal) {
      const everyMs = config.events.heartbeat.ms
      for (let count = 1; everyMs > 0 && !signal.aborted; count++) {
        await delay(count === 1 ? 0 : everyMs, undefined, { signal }).catch(() => undefined)
        if (signal.aborted || publisher.state().kind !== 'connected') continue
        try {
          await publisher.send(heartbeat(parts, count), signal)
          counters.heartbeats.add()
        } catch (error) {
          if (!(error instanceof AgentError) && !signal.aborted) throw error
          log('debug', 'heartbeat-dropped', { error: String(error) })
        }
      }
    },
  }
}

function heartbeat(
  { config, mastership, outbox, runId }: HeartbeatParts,
  count: number,
): ReturnType<typeof encodeEvent> {
  const { view, isMaster } = mastership.current()
  const nowMs = Date.now()
  const { backlogCount, oldestMs } = outbox.stats()
  const node = view?.ownNode ?? ''
  const { statusSocket } = pathsOf(config)
  return encodeEvent(
    {
      messageId: `heartbeat.${runId}.${count}`,
      routingPrefix: '',
      subject: node,
      body: {
        type: 'eventd-heartbeat',
        event_time: [Math.floor(nowMs / 1000), (nowMs % 1000) * 1000],
        cluster: view?.clusterName ?? '',
        node,
        role: 'events',
        master: isMaster,
        backlog: backlogCount,
        lag_seconds:
          oldestMs === undefined ? 0 : Math.max(0, Math.round((nowMs - oldestMs) / 1000)),
        version: packageVersion(),
        node_version: process.versions.node,
        config: config.digest.all,
        roles: listeningAmong(roleNames.map((role) => [role, statusSocket(role)])),
      },
    },
    { node, cluster: view?.clusterName ?? node },
  )
}
