import type { Op } from '#ganeti/job.js'
import { isJsonArray, isJsonObject, type JsonValue } from '#ganeti/json-value.js'
import { isHypervisorKeyAllowed, withoutUserinfo } from './allowed.js'

/** Opcodes whose result on success holds nothing but names, numbers and job ids. */
const plainResults: ReadonlySet<string> = new Set([
  'OP_BACKUP_EXPORT',
  'OP_CLUSTER_SET_PARAMS',
  'OP_INSTANCE_ACTIVATE_DISKS',
  'OP_INSTANCE_CHANGE_GROUP',
  'OP_INSTANCE_CREATE',
  'OP_INSTANCE_MULTI_ALLOC',
  'OP_INSTANCE_RENAME',
  'OP_NETWORK_RENAME',
  'OP_NODE_EVACUATE',
  'OP_NODE_MIGRATE',
])

/** Longest error text that leaves the node. */
const maxTextLength = 4096

/**
 * What of an op's result may leave the node.
 *
 * Failures keep Ganeti's four shapes: `[name, [arguments]]`, a plain text (luxid), `Job canceled by request`, null.
 * On success only results on the list pass, because others quote OS parameters and certificates
 * (`OP_INSTANCE_QUERY_DATA`, `OP_BACKUP_PREPARE`); the changes of `OP_INSTANCE_SET_PARAMS` pass without the OS's.
 */
export function allowedResult(op: Op): JsonValue {
  const { result } = op
  if (result === undefined || result === null) return null
  if (op.status === 'error' || op.status === 'canceled') return failure(result, 0)
  if (op.status !== 'success') return null
  if (op.opcode === 'OP_INSTANCE_SET_PARAMS') return changes(result)
  return plainResults.has(op.opcode) || typeof result === 'boolean' ? result : null
}

/** Texts, numbers and lists of them, cut to length; objects do not occur in errors and do not pass. */
function failure(value: JsonValue, depth: number): JsonValue {
  if (typeof value === 'string') return withoutUserinfo(value).slice(0, maxTextLength)
  if (isJsonObject(value) || depth > 6) return null
  return isJsonArray(value) ? value.map((item) => failure(item, depth + 1)) : value
}

/** `[[what, value], …]` of a set-params op. */
function changes(result: JsonValue): JsonValue {
  if (!isJsonArray(result)) return null
  return result.flatMap((change) =>
    isJsonArray(change) && isChangeAllowed(change[0]) ? [change.map(withoutSecrets)] : [],
  )
}

function withoutSecrets(value: JsonValue): JsonValue {
  return typeof value === 'string' ? withoutUserinfo(value) : value
}

function isChangeAllowed(what: JsonValue | undefined): boolean {
  if (typeof what !== 'string') return false
  if (what.startsWith('hv/')) return isHypervisorKeyAllowed(what.slice(3))
  return !what.startsWith('os')
}
