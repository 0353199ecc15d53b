import type { DiskFact } from './disk-facts.js'
import type { Received } from './inbox.js'

/** What became of the facts that Ganeti wrote: one row of the fault matrix. */
export interface FactCheck {
  /** Final statuses on the disks. */
  readonly written: number
  readonly arrived: number
  /** Facts of which no message came. Must be none. */
  readonly lost: readonly DiskFact[]
  /** Messages that came once more, under the id of one that had come. Allowed. */
  readonly duplicateCount: number
  /** Ids under which two different facts came. Must be none. */
  readonly clashes: readonly string[]
  /** Pairs of messages of one node about one instance that came in the wrong order, repeats left out. Must be none. */
  readonly disorders: readonly string[]
}

/**
 * Compares what disks say with what arrived: lost, repeated, confused and disordered. `facts` come from
 * {@link readDiskFacts} of every surviving disk, `received` from an inbox that was bound before the first job.
 */
export function checkFacts(
  facts: ReadonlyMap<string, DiskFact>,
  received: readonly Received[],
): FactCheck {
  const ids = new Set(received.map(({ messageId }) => messageId))
  const lost = [...facts.values()].filter(({ messageId }) => !ids.has(messageId))
  const stateful = received.filter(({ body }) => !String(body['type']).startsWith('eventd-'))
  return {
    written: facts.size,
    arrived: facts.size - lost.length,
    lost,
    duplicateCount: stateful.length - new Set(stateful.map(({ messageId }) => messageId)).size,
    clashes: clashesOf(stateful),
    disorders: disordersOf(stateful),
  }
}

/** The same fact always says the same; what may be told later with more knowledge (result, log line) is not compared. */
function clashesOf(received: readonly Received[]): readonly string[] {
  const seen = new Map<string, string>()
  return received.flatMap(({ messageId, routingKey, body }) => {
    const { type, status, event_time, jobId, op_index, ops } = body
    // a job that the next master begins again waits once more, under the id of its statuses (DESIGN 3.3)
    const time = type === 'ganeti-job-status' ? null : event_time
    const text = JSON.stringify([routingKey, type, status, time, jobId, op_index, ops])
    const before = seen.get(messageId) ?? text
    seen.set(messageId, before)
    return before === text ? [] : [`${messageId}: ${before} and ${text}`]
  })
}

/**
 * Ganeti finished the ops of one instance one after another, so from each node their final statuses come in the order of their times.
 * Only the first arrival of each fact from each node counts: what is sent again is dropped by consumers.
 */
function disordersOf(received: readonly Received[]): readonly string[] {
  const newest = new Map<string, { readonly time: number; readonly id: string }>()
  const seen = new Set<string>()
  return received.flatMap(({ messageId, headers, body }) => {
    const { type, instance, status, event_time: time } = body
    if (type !== 'ganeti-op-status' || !finalStatuses.includes(String(status))) return []
    const from = `${headers['node']} ${messageId}`
    if (!Array.isArray(time) || seen.has(from)) return []
    seen.add(from)
    const key = `${headers['node']} ${instance}`
    const micros = Number(time[0]) * 1e6 + Number(time[1])
    const before = newest.get(key)
    if (before !== undefined && before.time > micros)
      return [`${key}: ${before.id} before ${messageId}`]
    newest.set(key, { time: micros, id: messageId })
    return []
  })
}

const finalStatuses: readonly string[] = ['success', 'error', 'canceled']
