import type { EventTime, JobId } from '#ganeti/job.js'
import type { OpStatus } from '#ganeti/status.js'
import type { StatusRuns } from '#ganeti/status-runs.js'

/** Longest list of statuses that is spelt out in an id; a longer one is folded into a digest. */
const maxVectorLength = 120

/** Names one status of one op: `<op index>.<status>.<seconds>.<microseconds>`. */
export function opFactKey(opIndex: number, status: OpStatus, time: EventTime): string {
  return `${opIndex}.${status}.${time.seconds}.${time.microseconds}`
}

/** Names the statuses of all ops of a job: their runs, or a digest of runs that are too many for an id. */
export function jobFactKey(statuses: StatusRuns): string {
  return statuses.length <= maxVectorLength ? statuses : digest(statuses)
}

/** Message id of a fact about an op: cluster, job, op index, status and its time stamp (DESIGN 3.3). */
export function opMessageId(clusterUuid: string, job: JobId, key: string): string {
  return `op.${clusterUuid}.${job}.${key}`
}

/** Message id of a fact about a job: cluster, job, statuses of all ops. */
export function jobMessageId(clusterUuid: string, job: JobId, key: string): string {
  return `job.${clusterUuid}.${job}.${key}`
}

/** Message id of a line of a job's log: cluster, job, the line's serial, which counts over all ops of the job. */
export function logMessageId(clusterUuid: string, job: JobId, serial: number): string {
  return `log.${clusterUuid}.${job}.${serial}`
}

/** Longest name of a node within an id; Ganeti's are far shorter. */
const maxNodeLength = 120

/** Message id of a fact that a node saw: kind, node, boot id and what is unique in that boot (DESIGN 3.3). */
export function nodeMessageId(
  kind: 'nic' | 'instance' | 'progress',
  node: string,
  factId: string,
): string {
  return `${kind}.${node.replace(/[^\x21-\x7e]/g, '_').slice(0, maxNodeLength)}.${factId}`
}

/** Message id of the NICs that an instance has after an op: cluster, job, and the op's success. */
export function netOfOpMessageId(clusterUuid: string, job: JobId, key: string): string {
  return `net.${clusterUuid}.${job}.${key}`
}

/** Message id of what a hook told when no op could be found that ran it: node, boot id and what is unique in that boot. */
export function netMessageId(node: string, factId: string): string {
  return `net.${node.replace(/[^\x21-\x7e]/g, '_').slice(0, maxNodeLength)}.${factId}`
}

/** Two FNV-1a sums over the text, for lists of statuses that would not fit an id; not for anything secret. */
function digest(text: string): string {
  let a = 0x811c9dc5
  let b = 0x01000193
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193)
    b = Math.imul(b ^ text.charCodeAt(text.length - 1 - i), 0x01000193)
  }
  return `x${hex(a)}${hex(b)}`
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
