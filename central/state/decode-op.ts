import { stampOf } from '#central/stamp.js'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '#ganeti/json-value.js'
import { isFinal, opStatuses, parseOpStatus } from '#ganeti/status.js'
import { err, ok, type Result } from '#result.js'
import { countOf, objectsOf, textOf, textsOf, timeUsOf } from './fields.js'
import type { NetworkReport, OpReport } from './report.js'

type OpParts = Omit<NetworkReport, 'kind' | 'network' | 'addReserved' | 'removeReserved'>

/** What Ganeti logs as the last thing of a dry run (`lib/mcpu.py`); messages have no field for it. */
const dryRun = /dry-run mode requested/

/** Reads `ganeti-op-status`. */
export function decodeOp(body: JsonObject): Result<OpReport, string> {
  const parts = decodeParts(body)
  if (!parts.ok) return parts
  const instance = textOf(body, 'instance')
  if (instance === undefined) return err('instance is missing')
  const { status, operation } = parts.value
  const disks = objectsOf(body, 'instance_disks')
  return ok({
    kind: 'op',
    ...parts.value,
    instance,
    log: logOf(body) ?? null,
    ...backendParameters(body),
    node:
      operation === 'OP_INSTANCE_CREATE' && status === 'success'
        ? textsOf(body, 'result')?.[0]
        : undefined,
    nics: objectsOf(body, 'instance_nics'),
    diskMib: disks?.reduce((sum, disk) => sum + (countOf(disk, 'size') ?? 0), 0),
    tags: textsOf(body, 'instance_tags'),
    serial: countOf(body, 'instance_serial_no') ?? 0,
  })
}

/** Reads `ganeti-network-status`. */
export function decodeNetworkOp(body: JsonObject): Result<NetworkReport, string> {
  const parts = decodeParts(body)
  if (!parts.ok) return parts
  const network = textOf(body, 'network')
  if (network === undefined) return err('network is missing')
  const given = body['job_fields']
  const fields = isJsonObject(given) ? given : {}
  return ok({
    ...{ kind: 'network', ...parts.value, network },
    addReserved: textsOf(fields, 'add_reserved_ips') ?? [],
    removeReserved: textsOf(fields, 'remove_reserved_ips') ?? [],
  })
}

function decodeParts(body: JsonObject): Result<OpParts, string> {
  const operation = textOf(body, 'operation')
  const status = parseOpStatus(body['status'])
  const jobId = countOf(body, 'jobId')
  if (operation === undefined || jobId === undefined) return err('operation or jobId is missing')
  if (status === undefined) return err(`status is none of ${opStatuses.join(' ')}`)
  const timeUs = timeUsOf(body)
  // Nobody knows when: an end counts all the same, as the oldest.
  if (timeUs === undefined && body['event_time'] !== null) return err('event_time is no time')
  const opIndex = countOf(body, 'op_index')
  const rank = opStatuses.indexOf(status) + (isFinal(status) ? 3 : 0)
  const failed = status === 'error' || status === 'canceled' ? failureOf(body['result']) : undefined
  return ok({
    operation,
    status,
    jobId,
    opIndex,
    timeUs: timeUs ?? 0,
    stamp: stampOf({ timeUs: timeUs ?? 0, jobId, opIndex: opIndex ?? 0, rank }),
    failure: failed?.text ?? '',
    errorCode: failed?.code ?? '',
    isDryRun: isDryRun(body),
  })
}

function isDryRun(body: JsonObject): boolean {
  const fields = body['job_fields']
  return (
    body['dry_run'] === true ||
    (isJsonObject(fields) && fields['dry_run'] === true) ||
    dryRun.test(logOf(body) ?? '')
  )
}

/** Synnefo's eventd tells of structured entries of a log as they are. */
function logOf(body: JsonObject): string | undefined {
  return textOf(body, 'logmsg')?.slice(0, 4096)
}

/** `["OpPrereqError", ["text", "code"]]`, `["OpExecError", ["text"]]`, a text, or null. */
function failureOf(result: JsonValue | undefined): {
  readonly text: string
  readonly code: string
} {
  const [name, details] = isJsonArray(result) ? result : [undefined, result]
  const [first, second] = isJsonArray(details) ? details : [details, undefined]
  const text =
    typeof first === 'string' && first !== '' ? first : typeof name === 'string' ? name : ''
  const code = name === 'OpPrereqError' && typeof second === 'string' ? second : ''
  return { text: text.slice(0, 1000), code }
}

/** What was asked for of processors and memory; `memory` is the name of Ganeti before 2.6. */
function backendParameters(body: JsonObject): Pick<OpReport, 'vcpus' | 'ramMib'> {
  const fields = body['job_fields']
  const asked = isJsonObject(fields) ? fields['beparams'] : undefined
  if (!isJsonObject(asked)) return { vcpus: undefined, ramMib: undefined }
  return {
    vcpus: countOf(asked, 'vcpus'),
    ramMib: countOf(asked, 'maxmem') ?? countOf(asked, 'memory'),
  }
}
