import type { IfName } from '#addr/if-name.js'
import { type ServedTap, servedTaps } from '#nic/queueing/plan.js'
import type { NodeConfig } from '#service/node-config.js'
import { readServices, type ServicesNow } from './binding-sources.js'

/** What the bindings of this node ask, at one moment. */
export interface ServedNow extends ServicesNow {
  readonly taps: ReadonlyMap<IfName, ServedTap>
}

/** Reads all bindings once, and which taps they want served. */
export async function readServedTaps(config: NodeConfig): Promise<ServedNow> {
  const now = await readServices(config)
  return { ...now, taps: servedTaps(now.services) }
}
