import type { EventsStatus } from '#bin/events-status.js'
import type { NicsStatus } from '#bin/nics-status.js'
import type { NodeStatus } from '#bin/node-status.js'
import { nothingRepaired } from '#bin/repair-report.js'

const digest = 'aaaaaaaaaaaa'

const process = {
  version: '0.1.0',
  node_version: '20.19.2',
  config: digest,
  pid: 1,
  rssBytes: 1,
  heapBytes: 1,
  externalBytes: 1,
  uptimeSeconds: 1,
}

/** The word of an events role that is well but for this. */
export function eventsStatus({
  config = digest,
  version = process.version,
  broker = 'connected',
  backlog = 0,
}: {
  readonly config?: string
  readonly version?: string
  readonly broker?: string
  readonly backlog?: number
}): EventsStatus {
  return {
    role: 'events',
    ...process,
    config,
    version,
    cluster: 'cluster.lab.example',
    node: 'n1',
    masterNode: 'n1',
    isMaster: true,
    isCandidate: true,
    broker: {
      state: broker,
      host: 'mq',
      problem: broker === 'connected' ? null : 'ECONNREFUSED',
      unroutable: [],
    },
    outbox: {
      backlogMessages: backlog,
      backlogBytes: 0,
      lagSeconds: backlog === 0 ? 0 : 12,
      isWritable: true,
      quarantined: 0,
      held: 0,
      heldReason: null,
      problem: null,
    },
    jobs: { open: 0, held: 0, unknown: '', heardSeconds: null },
    lastTakenMs: null,
    lastConfirmedMs: null,
    counters: {},
  }
}

/** The word of a nics role that is well. */
export function nicsStatus({
  config = digest,
  version = process.version,
}: {
  readonly config?: string
  readonly version?: string
}): NicsStatus {
  return {
    role: 'nics',
    ...process,
    config,
    version,
    rules: {
      manager: 'nft',
      taps: 0,
      entries: 0,
      repairs: 0,
      problem: null,
      refusals: [],
      unreachable: [],
    },
    nics: nothingRepaired,
  }
}

/** A node that is well but for this. */
export function nodeStatusWith(other: Partial<NodeStatus>): NodeStatus {
  return {
    version: process.version,
    node_version: process.node_version,
    configuration: {
      digest,
      sections: { broker: '1', dhcp: '2' },
      files: [
        '/etc/okeanid/okeanid.ini',
        '/etc/okeanid/okeanid.d/broker.ini',
        '/etc/okeanid/okeanid.d/local.ini',
      ],
    },
    now_ms: 0,
    roles: [eventsStatus({}), nicsStatus({})],
    ...other,
  }
}
