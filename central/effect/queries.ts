import type { RapiClient } from '#central/rapi/rapi-client.js'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '#ganeti/json-value.js'

/** A row of a query's answer: fields that could be told, by name. */
export type QueryRow = JsonObject

/** Status of a field that holds its value (`lib/constants.py`, `RS_NORMAL`). */
const normal = 0

/**
 * Asks for fields of all things of a kind, or of those that a filter lets through (`["=", "name", "snf-42"]`).
 *
 * Only fields that the configuration or the job queue knows are cheap: one that a node must be asked for makes Ganeti call every node.
 * @throws RapiError
 */
export async function query(
  client: Pick<RapiClient, 'call'>,
  {
    resource,
    fields,
    filter = null,
    signal,
  }: {
    readonly resource: 'instance' | 'job' | 'network'
    readonly fields: readonly string[]
    readonly filter?: JsonValue
    readonly signal?: AbortSignal | undefined
  },
): Promise<readonly QueryRow[]> {
  const body = { fields, qfilter: filter }
  const answer = await client.call(
    { method: 'PUT', path: `/2/query/${resource}`, body },
    signal === undefined ? {} : { signal },
  )
  const data = isJsonObject(answer) ? answer['data'] : undefined
  return isJsonArray(data) ? data.map((row) => rowOf(fields, row)) : []
}

function rowOf(fields: readonly string[], row: JsonValue): QueryRow {
  const cells = isJsonArray(row) ? row : []
  return Object.fromEntries(
    fields.flatMap((name, index): readonly (readonly [string, JsonValue])[] => {
      const cell = cells[index]
      return isJsonArray(cell) && cell[0] === normal && cell[1] !== undefined
        ? [[name, cell[1]]]
        : []
    }),
  )
}
