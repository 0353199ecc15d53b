import { setTimeout as delay } from 'node:timers/promises'
import type { Inbox, Received } from '../test/support/inbox.js'
import type { Screen } from './screen.js'

/** Prints messages about jobs as they arrive, until the signal aborts. Heartbeats are shown once a node. */
export async function printTimeline(
  inbox: Inbox,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const seenNodes = new Set<unknown>()
  screen.title('What the consumer receives')
  screen.event(['Ganeti’s time', 'later by', 'job', 'what', 'status', 'routing key'])
  for (let next = 0; !signal.aborted; ) {
    for (; next < inbox.received.length; next++) {
      const message = inbox.received[next]
      if (message === undefined || isBetweenAgents(message)) continue
      if (message.routingKey === 'eventd.heartbeat') {
        if (seenNodes.has(message.body['node'])) continue
        seenNodes.add(message.body['node'])
      }
      screen.event(cells(message))
    }
    await delay(20, undefined, { signal }).catch(() => undefined)
  }
}

/** What agents tell each other of jobs that are settled. */
function isBetweenAgents({ routingKey }: Received): boolean {
  return routingKey.startsWith('okeanid.')
}

function cells({ routingKey, headers, body, arrivedMs }: Received): readonly string[] {
  const time = String(headers['cloudEvents:time'] ?? '')
  const laterMs = arrivedMs - Date.parse(time)
  const what =
    body['operation'] ??
    (Array.isArray(body['summary']) ? body['summary'].join(', ') : body['type'])
  const isMaster =
    body['master'] === undefined ? undefined : body['master'] === true ? 'master' : 'node'
  return [
    time.slice(11, -1),
    `${laterMs} ms`,
    body['jobId'] === undefined ? '-' : String(body['jobId']),
    String(what).replace(/^OP_/, '').slice(0, 36),
    String(body['status'] ?? isMaster ?? ''),
    routingKey,
  ]
}
