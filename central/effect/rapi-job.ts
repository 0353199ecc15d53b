import type { RapiClient } from '#central/rapi/rapi-client.js'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '#ganeti/json-value.js'
import { type OpStatus, parseOpStatus } from '#ganeti/status.js'

/** A job as `/2/jobs/ID` tells it: of what it was asked only what we use. */
export interface RapiJob {
  readonly id: number
  readonly status: OpStatus
  readonly summary: readonly string[]
  readonly receivedUs: number
  /** 0 while it runs. */
  readonly endUs: number
  /** What its caller gave as reason. */
  readonly reasons: readonly string[]
  readonly ops: readonly RapiOp[]
}

/** One of its ops. */
export interface RapiOp {
  readonly operation: string
  readonly status: OpStatus
  readonly input: JsonObject
  readonly result: JsonValue
}

/** Fetches a job, live or archived; undefined for one that Ganeti does not know, which it tells by nulls. @throws RapiError */
export async function fetchJob(
  client: Pick<RapiClient, 'call'>,
  jobId: number,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<RapiJob | undefined> {
  const request = { method: 'GET', path: `/2/jobs/${jobId}` } as const
  return readJob(await client.call(request, signal === undefined ? {} : { signal }))
}

/** Reads what was fetched. */
export function readJob(value: JsonValue): RapiJob | undefined {
  if (!isJsonObject(value)) return undefined
  const status = parseOpStatus(value['status'])
  const { id, ops, opstatus, opresult } = value
  if (status === undefined || typeof id !== 'number' || !isJsonArray(ops)) return undefined
  const inputs = ops.map((op) => (isJsonObject(op) ? op : {}))
  return {
    id,
    status,
    summary: textsOf(value['summary']),
    receivedUs: microseconds(value['received_ts']),
    endUs: microseconds(value['end_ts']),
    reasons: inputs.flatMap(reasonsOf),
    ops: inputs.map((input, index) => ({
      operation: typeof input['OP_ID'] === 'string' ? input['OP_ID'] : '',
      status: parseOpStatus(itemOf(opstatus, index)) ?? status,
      input,
      result: itemOf(opresult, index),
    })),
  }
}

/** `[seconds, microseconds]` as one number, 0 for none. */
export function microseconds(value: JsonValue | undefined): number {
  if (!isJsonArray(value)) return 0
  const [seconds, rest] = value
  return typeof seconds === 'number' && typeof rest === 'number' ? seconds * 1_000_000 + rest : 0
}

/** The texts in a list. */
export function textsOf(value: JsonValue | undefined): readonly string[] {
  return isJsonArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function itemOf(value: JsonValue | undefined, index: number): JsonValue {
  return isJsonArray(value) ? (value[index] ?? null) : null
}

/** The trail is a list of `[source, reason, nanoseconds]`. */
function reasonsOf(input: JsonObject): readonly string[] {
  const trail = input['reason']
  return isJsonArray(trail)
    ? trail.flatMap((entry) => (isJsonArray(entry) ? textsOf([entry[1] ?? null]) : []))
    : []
}
