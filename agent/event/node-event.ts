import type { Event, WireTime } from './event.js'
import { nodeMessageId } from './message-id.js'
import { nicJson, type ToldFact } from './node-fact.js'
import { routingPrefix } from './routing.js'

/** Where a fact was seen. */
export interface FactOrigin {
  /** Name of the node as Ganeti knows it. */
  readonly node: string
  /** Name of the cluster. */
  readonly cluster: string
  /** Instance name -> routing prefix, for names that do not follow the rule. */
  readonly prefixes: ReadonlyMap<string, string>
}

/** The event that tells what a node saw of one of its NICs or guests. */
export function nodeEvent(
  { id, timeMs, fact }: ToldFact,
  { node, cluster, prefixes }: FactOrigin,
): Event {
  const { kind, instance } = fact
  const common = {
    event_time: wireTimeOfMs(timeMs),
    cluster,
    node,
    instance,
    reason: fact.reason ?? null,
  }
  return {
    messageId: nodeMessageId(kind, node, id),
    routingPrefix: routingPrefix(instance, prefixes),
    subject: instance,
    body:
      fact.kind === 'nic'
        ? { type: 'ganeti-nic-status', status: fact.status, ...common, nic: nicJson(fact.nic) }
        : { type: 'ganeti-instance-status', status: fact.status, ...common },
  }
}

function wireTimeOfMs(timeMs: number): WireTime {
  return [Math.floor(timeMs / 1000), Math.trunc(timeMs % 1000) * 1000]
}
