import { formatJson, type JsonObject } from '#ganeti/json-value.js'
import type { BackendRow } from './clients.js'

/** A message that nobody sent: it says what we found out at a cluster in the words in which the agents would have said it. */
export interface SimulatedMessage {
  readonly messageId: string
  readonly routingKey: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  readonly userId: string | undefined
}

/** What of a cluster its messages bear. */
export type ToldCluster = Pick<BackendRow, 'cluster_name' | 'broker_user'>

/**
 * Makes one.
 * @param id tells apart what is found; the same finding has the same one
 * @param body without `cluster`
 */
export function simulatedMessage(
  { cluster_name: cluster, broker_user: user }: ToldCluster,
  { id, body }: { readonly id: string; readonly body: JsonObject },
): SimulatedMessage {
  return {
    messageId: `rapi.${id}`,
    routingKey: 'okeanid.central.rapi',
    headers: {},
    body: formatJson({ ...body, cluster }),
    // It is allowed to speak of this cluster: we asked it ourselves.
    userId: user ?? undefined,
  }
}

/** Microseconds as messages have them. */
export function wireTimeOf(timeUs: number): readonly [number, number] {
  return [Math.floor(timeUs / 1_000_000), Math.trunc(timeUs % 1_000_000)]
}
