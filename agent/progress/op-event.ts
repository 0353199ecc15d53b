import type { Event, OpStatusBody, WireTime } from '#event/event.js'
import { opFactKey, opMessageId } from '#event/message-id.js'
import { routingPrefix } from '#event/routing.js'
import type { InstanceConfig } from '#ganeti/instance-config.js'
import type { EventTime, Job, Op } from '#ganeti/job.js'
import { textInput } from '#ganeti/job-decoder.js'
import { isJsonArray, type JsonObject, type JsonValue } from '#ganeti/json-value.js'
import { isFinal } from '#ganeti/status.js'
import { allowedList, allowedObject, scalar, withoutUserinfo } from './allowed.js'
import { instanceDetails } from './instance-details.js'
import { allowedResult } from './result.js'
import type { OpFact } from './timeline.js'
import { wantedDetails } from './wanted-details.js'

/** Instances of which a message may carry details, by name. */
export type KnownInstances = ReadonlyMap<string, InstanceConfig>

/** What events need to know beside the job. */
export interface Cluster {
  readonly name: string
  /** Of the cluster, not of its name: a cluster that was set up anew counts its jobs from 1 again. */
  readonly uuid: string
  /** Instance or network name -> routing prefix, for names that do not follow the rule. */
  readonly prefixes: ReadonlyMap<string, string>
}

/** Longest log line that leaves the node. */
const maxLogLength = 4096

/**
 * The message for one status of one op, or undefined when ops of this kind have none.
 * @param instances what is known of them now; of others the message carries no details
 */
export function opEvent(
  cluster: Cluster,
  job: Job,
  fact: OpFact,
  instances: KnownInstances = new Map(),
): Event | undefined {
  const op = job.ops[fact.opIndex]
  const subject = op && subjectOf(op)
  if (op === undefined || subject === undefined) return undefined
  if (subject.kind === 'tags' && !isFinal(fact.status)) return undefined
  const isCurrent = op.status === fact.status
  const common = {
    event_time: wireTime(fact.time),
    operation: op.opcode,
    status: fact.status,
    cluster: cluster.name,
    logmsg: isCurrent ? logText(op) : null,
    result: isCurrent ? allowedResult(op) : null,
    jobId: job.id,
    op_index: fact.opIndex,
  }
  const identity = {
    messageId: opMessageId(cluster.uuid, job.id, opFactKey(fact.opIndex, fact.status, fact.time)),
    routingPrefix: subject.kind === 'cluster' ? '' : routingPrefix(subject.name, cluster.prefixes),
    subject: subject.name,
  }
  switch (subject.kind) {
    case 'cluster':
      return { ...identity, body: { type: 'ganeti-cluster-status', ...common } }
    case 'network':
      return {
        ...identity,
        body: {
          type: 'ganeti-network-status',
          ...common,
          network: subject.name,
          job_fields: networkFields(op),
        },
      }
    case 'instance':
    case 'tags': {
      const details = instances.get(wantedDetails(job, fact)?.instance ?? '')
      const body: OpStatusBody = {
        type: 'ganeti-op-status',
        ...common,
        ...instanceFields(op, subject),
        ...(details && instanceDetails(details)),
      }
      return { ...identity, body }
    }
  }
}

/** `[seconds, microseconds]`; null for the time that stands for "nobody knows". */
export function wireTime(time: EventTime): WireTime {
  return time.seconds === 0 ? null : [time.seconds, time.microseconds]
}

interface Subject {
  readonly kind: 'instance' | 'network' | 'tags' | 'cluster'
  readonly name: string
}

/** What an op is about, by the second word of its name, as Synnefo's eventd chose. */
function subjectOf(op: Op): Subject | undefined {
  const family = op.opcode.split('_')[1] ?? ''
  switch (family) {
    case 'INSTANCE':
      return subject('instance', textInput(op, 'instance_name') ?? onlyInstance(op))
    case 'NETWORK':
      return subject('network', textInput(op, 'network_name'))
    case 'TAGS':
      return op.input['kind'] === 'instance' && op.opcode !== 'OP_TAGS_GET'
        ? subject('tags', textInput(op, 'name'))
        : undefined
    case 'CLUSTER':
      return op.opcode === 'OP_CLUSTER_SET_PARAMS' ? subject('cluster', 'cluster') : undefined
    default:
      return undefined
  }
}

function subject(kind: Subject['kind'], name: string | undefined): Subject | undefined {
  return name === undefined ? undefined : { kind, name }
}

/** The member of `instances`, when it has exactly one. */
function onlyInstance(op: Op): string | undefined {
  const instances = op.input['instances']
  if (!isJsonArray(instances) || instances.length !== 1) return undefined
  const [name] = instances
  return typeof name === 'string' && name !== '' ? name : undefined
}

function instanceFields(
  op: Op,
  subject: Subject,
): Pick<OpStatusBody, 'instance' | 'tags' | 'job_fields'> {
  const tags = op.input['tags']
  return {
    instance: subject.name,
    tags: isJsonArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [],
    job_fields: subject.kind === 'tags' ? { dry_run: op.input['dry_run'] === true } : jobFields(op),
  }
}

/** The parameters that a consumer needs to know what a create or a modification asked for. */
function jobFields(op: Op): JsonObject {
  if (op.opcode !== 'OP_INSTANCE_CREATE' && op.opcode !== 'OP_INSTANCE_SET_PARAMS') return {}
  const { input } = op
  return {
    nics: allowedList('nics', input['nics']),
    disks: allowedList('disks', input['disks']),
    hvparams: allowedObject('hvparams', input['hvparams']),
    beparams: allowedObject('beparams', input['beparams']),
  }
}

function networkFields(op: Op): JsonObject {
  const { input } = op
  return {
    subnet: scalar(input['network']),
    gateway: scalar(input['gateway']),
    add_reserved_ips: texts(input['add_reserved_ips']),
    remove_reserved_ips: texts(input['remove_reserved_ips']),
    group_name: scalar(input['group_name']),
  }
}

function texts(value: JsonValue | undefined): JsonValue {
  return isJsonArray(value) ? value.filter((item) => typeof item === 'string') : null
}

/** Only plain messages: other log entries carry certificates and socket paths. */
function logText(op: Op): string | null {
  const entry = op.lastLog
  if (entry?.type !== 'message' || typeof entry.message !== 'string') return null
  return withoutUserinfo(entry.message).slice(0, maxLogLength)
}
