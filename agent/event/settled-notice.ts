import { formatJson } from '#ganeti/json-value.js'
import { err, ok, type Result } from '#result.js'
import type { Message } from './message.js'
import { parseNoticeBody } from './notice-body.js'

/**
 * What the master's agent tells the other master candidates: of these jobs everything was told and the broker has confirmed it, or
 * nothing is ever to be told. They need not tell them again should one of them become the master.
 */
export interface SettledNotice {
  readonly clusterUuid: string
  /** The node whose agent says so. */
  readonly node: string
  /** Numbers of jobs, as ascending `[first, last]` pairs. */
  readonly ranges: readonly (readonly [number, number])[]
}

/** Most ranges of a notice: of more the highest, for the others were in earlier ones. */
const maxRanges = 256

/** Largest notice that is read, in bytes. */
export const maxSettledBytes = 32_768

/** Routing key of these notices. */
export const settledRoutingKey = 'okeanid.settled'

/** The queue of a node for them. A new one replaces the last: it says all that the last one did. */
export function settledQueue(cluster: string, node: string): string {
  return `okeanid.settled.${cluster}.${node}`
}

/** The message that carries a notice. `id` tells it from others of the same node. */
export function settledMessage(
  { clusterUuid, node, ranges }: SettledNotice,
  { id, timeSeconds }: { readonly id: string; readonly timeSeconds: number },
): Message {
  const jobs = ranges.slice(-maxRanges).map(([first, last]) => [first, last])
  return {
    routingKey: settledRoutingKey,
    messageId: `settled.${id}`,
    timestampSeconds: timeSeconds,
    headers: { schema: 1 },
    body: formatJson({ type: 'okeanid-jobs-settled', cluster: clusterUuid, node, jobs }),
  }
}

/** Reads the body of a notice; never throws. */
export function parseSettledNotice(body: string): Result<SettledNotice, string> {
  const fields = parseNoticeBody(body, { type: 'okeanid-jobs-settled', maxBytes: maxSettledBytes })
  if (!fields.ok) return fields
  const { cluster, node, jobs } = fields.value
  if (typeof cluster !== 'string' || cluster === '') return err('cluster: wants a UUID')
  if (typeof node !== 'string' || node === '') return err('node: wants the name of a node')
  if (!Array.isArray(jobs) || jobs.length > maxRanges || !jobs.every(isRange))
    return err(`jobs: wants at most ${maxRanges} pairs of job numbers`)
  return ok({ clusterUuid: cluster, node, ranges: jobs })
}

function isRange(value: unknown): value is [number, number] {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [first, last]: readonly unknown[] = value
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last)) return false
  return Number(first) > 0 && Number(first) <= Number(last)
}
