import type { Event } from './event.js'

/** Another node has become the master of the cluster. */
export interface MasterChange {
  readonly cluster: { readonly name: string; readonly uuid: string }
  /** The new master. */
  readonly master: string
  readonly previous: string
  /** When the new master noticed: Unix time. */
  readonly timeMs: number
}

/** The event that the new master tells. */
export function masterEvent({ cluster, master, previous, timeMs }: MasterChange): Event {
  return {
    messageId: `master.${cluster.uuid}.${master.slice(0, 120)}.${Math.trunc(timeMs)}`,
    routingPrefix: '',
    subject: 'cluster',
    body: {
      type: 'ganeti-cluster-status',
      event_time: [Math.floor(timeMs / 1000), Math.trunc(timeMs % 1000) * 1000],
      operation: 'MASTER_FAILOVER',
      status: 'success',
      cluster: cluster.name,
      logmsg: null,
      result: null,
      jobId: null,
      op_index: null,
      master_node: master,
      previous_master_node: previous,
    },
  }
}
