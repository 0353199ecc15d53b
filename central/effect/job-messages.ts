import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '#ganeti/json-value.js'
import { isFinal } from '#ganeti/status.js'
import type { RapiJob, RapiOp } from './rapi-job.js'
import {
  type SimulatedMessage,
  simulatedMessage,
  type ToldCluster,
  wireTimeOf,
} from './simulated-message.js'

/**
 * What the agent would have told of a job that has ended: it stands in for messages that never came, and changes nothing where they
 * did come.
 */
export function jobMessages(cluster: ToldCluster, job: RapiJob): readonly SimulatedMessage[] {
  const messages = job.ops.flatMap((op, index) => {
    const about = isFinal(op.status) ? subjectOf(op) : undefined
    if (about === undefined) return []
    const body = { ...about, ...opBody(job, op, index) }
    const id = `job.${job.id}.${job.endUs}.${index}.${op.status}`
    return [simulatedMessage(cluster, { id, body })]
  })
  // Of failures only ops tell the reason.
  if (job.status !== 'success') return messages
  const ended = {
    type: 'ganeti-job-status',
    event_time: wireTimeOf(job.endUs),
    jobId: job.id,
    status: job.status,
  }
  const id = `job.${job.id}.${job.endUs}.${job.status}`
  return [...messages, simulatedMessage(cluster, { id, body: ended })]
}

/** Why a job failed, in Ganeti's words and by its code; empty where it does not say. */
export function jobFailure(job: RapiJob): { readonly reason: string; readonly code: string } {
  const failed = job.ops.find(({ status }) => status === 'error' || status === 'canceled')
  return failed === undefined ? { reason: '', code: '' } : failureOf(failed.result)
}

function subjectOf({ operation, input }: RapiOp): JsonObject | undefined {
  const { instance_name: instance, network_name: network } = input
  if (typeof instance === 'string') return { type: 'ganeti-op-status', instance }
  return typeof network === 'string' && operation.startsWith('OP_NETWORK_')
    ? { type: 'ganeti-network-status', network }
    : undefined
}

/** Of what was asked only what the agents tell as well: there are secrets in it. */
function opBody(job: RapiJob, { operation, status, input, result }: RapiOp, index: number) {
  return {
    event_time: wireTimeOf(job.endUs),
    operation,
    status,
    jobId: job.id,
    op_index: index,
    logmsg: null,
    result,
    job_fields: isJsonObject(input['beparams']) ? { beparams: input['beparams'] } : {},
    dry_run: input['dry_run'] === true,
  } satisfies JsonObject
}

/** A failure is `["OpPrereqError", ["text", "code"]]`, but there are other shapes (a plain text, null). */
function failureOf(result: JsonValue): { readonly reason: string; readonly code: string } {
  if (typeof result === 'string') return { reason: result, code: '' }
  const details = isJsonArray(result) ? result[1] : undefined
  if (typeof details === 'string') return { reason: details, code: '' }
  if (!isJsonArray(details)) return { reason: '', code: '' }
  const [reason, code] = details
  return {
    reason: typeof reason === 'string' ? reason : JSON.stringify(details),
    code: typeof code === 'string' ? code : '',
  }
}
