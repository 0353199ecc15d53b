import { stampOf } from '#central/stamp.js'
import { isJsonObject, type JsonObject, type JsonValue } from '#ganeti/json-value.js'
import { parseOpStatus } from '#ganeti/status.js'
import { err, ok, type Result } from '#result.js'
import { cleanJson } from './clean-json.js'
import { decodeImage } from './decode-image.js'
import { decodeNetworkOp, decodeOp } from './decode-op.js'
import { countOf, objectsOf, textOf, timeUsOf } from './fields.js'
import type { Report, Told } from './report.js'

/** Newest version of the contract that is understood (`event/encode.ts`). */
const schemaVersion = 1

const other: Result<Report, string> = ok({ kind: 'other' })

/**
 * Reads a message, ours or Synnefo's. Total: never throws, whatever the text. Types that are not known tell nothing; what should be
 * known and lacks a part is a problem, for it may have mattered.
 */
export function decodeReport(
  text: string,
  headers: Readonly<Record<string, unknown>> = {},
): Result<Told, string> {
  const { schema } = headers
  if (typeof schema === 'number' && schema >= schemaVersion + 1) {
    return err(`version ${schema} of the messages is newer than this centre`)
  }
  let body: JsonValue
  try {
    body = cleanJson(text, JSON.parse(text) as JsonValue)
  } catch {
    return err('the body is not JSON')
  }
  if (!isJsonObject(body)) return err('the body is no object')
  const type = textOf(body, 'type')
  if (type === undefined) return err('type is missing')
  const report =
    decoders[type]?.(body) ?? (type.startsWith('image-') ? decodeImage(type, body) : other)
  return report.ok ? ok({ cluster: textOf(body, 'cluster'), report: report.value }) : report
}

const decoders: Readonly<Record<string, (body: JsonObject) => Result<Report, string>>> = {
  'ganeti-op-status': decodeOp,
  'ganeti-network-status': decodeNetworkOp,
  'ganeti-op-log': opLog,
  'ganeti-net-status': netStatus,
  'ganeti-nic-status': nicStatus,
  'ganeti-instance-status': instanceStatus,
  'ganeti-job-status': jobStatus,
  'ganeti-cluster-status': (body) => ok({ kind: 'cluster', isDone: body['status'] === 'success' }),
}

/** Disks that are wiped and synced are the first tenth: what follows them, the copy of the image, tells its own percentage. */
const diskShare = 0.1

function opLog(body: JsonObject): Result<Report, string> {
  const instance = textOf(body, 'instance')
  const timeUs = timeUsOf(body)
  const { percentage, operation } = body
  if (instance === undefined || timeUs === undefined)
    return err('instance or event_time is missing')
  if (typeof percentage !== 'number' || operation !== 'OP_INSTANCE_CREATE') return other
  const share = Math.trunc(Math.min(Math.max(percentage, 0), 100) * diskShare)
  return ok({ kind: 'progress', instance, percentage: share, stamp: stampOf({ timeUs }) })
}

function netStatus(body: JsonObject): Result<Report, string> {
  const instance = textOf(body, 'instance')
  const nics = objectsOf(body, 'nics')
  if (instance === undefined || nics === undefined) return err('instance or nics is missing')
  // Era I of Synnefo's hooks tells no time: such a list counts as older than any other.
  const timeUs = timeUsOf(body) ?? 0
  const jobId = countOf(body, 'jobId') ?? 0
  const opIndex = countOf(body, 'op_index') ?? 0
  return ok({ kind: 'nics', instance, nics, stamp: stampOf({ timeUs, jobId, opIndex }) })
}

function nicStatus(body: JsonObject): Result<Report, string> {
  const instance = textOf(body, 'instance')
  const timeUs = timeUsOf(body)
  const { nic } = body
  if (instance === undefined || timeUs === undefined || !isJsonObject(nic)) {
    return err('instance, event_time or nic is missing')
  }
  const mac = textOf(nic, 'mac')
  if (body['status'] !== 'dhcp' || mac === undefined) return other
  return ok({
    kind: 'lease',
    instance,
    mac: mac.toLowerCase(),
    address: textOf(nic, 'ip') ?? null,
    timeMs: Math.trunc(timeUs / 1000),
  })
}

function instanceStatus(body: JsonObject): Result<Report, string> {
  const instance = textOf(body, 'instance')
  const node = textOf(body, 'node')
  const timeUs = timeUsOf(body)
  if (instance === undefined || node === undefined || timeUs === undefined) {
    return err('instance, node or event_time is missing')
  }
  const { status, reason } = body
  // What Ganeti stopped, for a shutdown, a reboot or a migration, its op tells.
  const isOwn = status === 'exited' && reason !== 'stopped'
  if (status !== 'started' && !isOwn) return other
  const seen = status === 'started' ? 'started' : 'exited'
  return ok({ kind: 'guest', instance, node, status: seen, stamp: stampOf({ timeUs }) })
}

function jobStatus(body: JsonObject): Result<Report, string> {
  const jobId = countOf(body, 'jobId')
  const status = parseOpStatus(body['status'])
  if (jobId === undefined || status === undefined) return err('jobId or status is missing')
  return ok({ kind: 'job', jobId, status })
}
