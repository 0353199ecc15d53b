import type { JsonObject } from '#ganeti/json-value.js'

/** A call of Ganeti's remote API, before it is known when and how often it is made. */
export interface RapiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `/2/instances/snf-42/startup`; its parts are encoded already. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: JsonObject
}
