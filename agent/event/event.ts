import type { JsonObject, JsonValue } from '#ganeti/json-value.js'
import type { OpStatus } from '#ganeti/status.js'
import type { InstanceStatus, NicStatus } from './node-fact.js'

/** Ganeti's `[seconds, microseconds]`, or null when nobody knows when it happened. */
export type WireTime = readonly [number, number] | null

/** What every message about an opcode says; keys and meaning are Synnefo's (DESIGN 3.3). */
interface OpBody {
  readonly event_time: WireTime
  /** `OP_INSTANCE_CREATE` and the like. */
  readonly operation: string
  readonly status: OpStatus
  /** Name of the cluster. */
  readonly cluster: string
  /** Newest log line of the op, null when there is none, when it is no text, or when a later status is known already. */
  readonly logmsg: string | null
  /** The op's result, or null where it is withheld (`progress/result.ts`) or belongs to a later status. */
  readonly result: JsonValue
  readonly jobId: number
  /** Position of the op in its job, from 0. Not in Synnefo's messages. */
  readonly op_index: number
}

/** A status of an opcode that names an instance. */
export interface OpStatusBody extends OpBody {
  readonly type: 'ganeti-op-status'
  readonly instance: string
  readonly tags: readonly JsonValue[]
  readonly job_fields: JsonObject
  /** As the configuration had them when the message was made: at ends of ops that change an instance, where they could be read. */
  readonly instance_nics?: readonly JsonValue[]
  readonly instance_disks?: readonly JsonValue[]
  readonly instance_hvparams?: JsonObject
  /** Not in Synnefo's messages; `tags` are the opcode's. */
  readonly instance_tags?: readonly string[]
  /** Ganeti's count of the changes of the instance's entry: what has a higher one is newer. */
  readonly instance_serial_no?: number
}

/** A status of an opcode about a network. */
export interface NetworkStatusBody extends OpBody {
  readonly type: 'ganeti-network-status'
  readonly network: string
  readonly job_fields: JsonObject
}

/** A status of an opcode that changes the cluster's parameters. */
export interface ClusterStatusBody extends OpBody {
  readonly type: 'ganeti-cluster-status'
}

/** Another node is the master: no job does that, so what is of a job is null. */
export interface MasterChangeBody {
  readonly type: 'ganeti-cluster-status'
  readonly event_time: WireTime
  readonly operation: 'MASTER_FAILOVER'
  readonly status: 'success'
  readonly cluster: string
  readonly logmsg: null
  readonly result: null
  readonly jobId: null
  readonly op_index: null
  readonly master_node: string
  readonly previous_master_node: string
}

/** The statuses of a job's ops, told whenever one of them changes. */
export interface JobStatusBody {
  readonly type: 'ganeti-job-status'
  readonly event_time: WireTime
  readonly cluster: string
  readonly jobId: number
  /** The job's own status, worked out as Ganeti does. */
  readonly status: OpStatus
  readonly op_count: number
  /** One line for each of the first hundred ops: `INSTANCE_STARTUP(vm1)`, as `gnt-job list` prints it. */
  readonly summary: readonly string[]
  /** The first hundred ops. */
  readonly ops: readonly { readonly operation: string; readonly status: OpStatus }[]
}

/** A line that an op about an instance has logged. */
export interface OpLogBody {
  readonly type: 'ganeti-op-log'
  readonly event_time: WireTime
  readonly operation: string
  readonly cluster: string
  readonly jobId: number
  readonly op_index: number
  readonly instance: string
  /** Counts the entries of the job's log, over all of its ops, from 1. */
  readonly serial: number
  readonly level: 'info' | 'warning' | 'error'
  /** The line as Ganeti has it. */
  readonly logmsg: string
  /** What the op is at, one of the words of `progress/log-line.ts`; null for lines that tell none. */
  readonly phase: string | null
  /** How far that is, 0 to 100, where the line says so. */
  readonly percentage: number | null
}

/** What the install of an image says of itself; keys beside these are its own. */
export type ImageProgressBody = JsonObject & {
  readonly type: ImageType
  readonly event_time: WireTime
  readonly cluster: string
  /** Where it runs. */
  readonly node: string
  readonly instance: string
}

/** Kinds of messages of an install, as Synnefo's dispatcher knows them. */
export type ImageType =
  | 'image-copy-progress'
  | 'image-info'
  | 'image-warning'
  | 'image-error'
  | 'image-helper'

/** A node's agent says that it is alive. */
export interface HeartbeatBody {
  readonly type: 'eventd-heartbeat'
  readonly event_time: WireTime
  /** Name of the cluster; empty on a node that has no ssconf yet. */
  readonly cluster: string
  readonly node: string
  readonly role: string
  readonly master: boolean
  /** Messages on this node that the broker has not confirmed. */
  readonly backlog: number
  /** Age of the oldest of them. */
  readonly lag_seconds: number
  readonly version: string
  /** Version of Node.js. */
  readonly node_version?: string
  /** Digest of the configuration: nodes with the same one go by the same values. */
  readonly config?: string
  /** Roles of this node that somebody answers for; hooks is among them only while it has something to do. */
  readonly roles?: readonly string[]
}

/** What happened to a NIC, as its node saw it. */
export interface NicStatusBody {
  readonly type: 'ganeti-nic-status'
  readonly event_time: WireTime
  readonly cluster: string
  /** Where it happened. */
  readonly node: string
  readonly instance: string
  readonly status: NicStatus
  /** What was repaired, why it failed; else null. */
  readonly reason: string | null
  /** `index name uuid mac ip ip6 network mode link tap`; what the node does not know is null. */
  readonly nic: JsonObject
}

/** What became of a guest's QEMU, as its node saw it: a guest that switches itself off makes no job. */
export interface InstanceStatusBody {
  readonly type: 'ganeti-instance-status'
  readonly event_time: WireTime
  readonly cluster: string
  readonly node: string
  readonly instance: string
  readonly status: InstanceStatus
  /** Why it exited, where that is known; else null. */
  readonly reason: string | null
}

/** The NICs of an instance as they are after an operation. Sent by the master alone. */
export interface NetStatusBody {
  readonly type: 'ganeti-net-status'
  readonly event_time: WireTime
  /** Name of the cluster; this and what is not in Synnefo's messages: operation, jobId, op_index. */
  readonly cluster: string
  readonly instance: string
  /** Opcode of the operation. */
  readonly operation: string
  /** The op that succeeded, or null where nobody could tell which it was. */
  readonly jobId: number | null
  readonly op_index: number | null
  /** In order of their index: `ip mac link network ipv6 firewall` as Synnefo's, and `index uuid name mode vlan`; each only where there is one. */
  readonly nics: readonly JsonObject[]
}

/** The body of a message, as JSON (`docs/messages.md`). */
export type EventBody =
  | OpStatusBody
  | NetworkStatusBody
  | ClusterStatusBody
  | MasterChangeBody
  | JobStatusBody
  | OpLogBody
  | NetStatusBody
  | NicStatusBody
  | InstanceStatusBody
  | ImageProgressBody
  | HeartbeatBody

/** Something to tell: the body, and what identifies and routes it. */
export interface Event {
  readonly body: EventBody
  /** Same fact, same id: from whichever node, however often it is sent. */
  readonly messageId: string
  /** `<p>` of the routing key; unused by types whose key has none. */
  readonly routingPrefix: string
  /** What the event is about (CloudEvents `subject`): an instance, a network, a job, a node. */
  readonly subject: string
}
