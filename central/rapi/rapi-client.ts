import type { RapiRequest } from '#central/intent/rapi-request.js'
import type { JsonValue } from '#ganeti/json-value.js'

/** A cluster's remote API, and how long it is waited for. */
export interface RapiOptions {
  /** `https://host:5080` of nodes that are or may become master. */
  readonly urls: readonly string[]
  readonly user: string
  readonly password: string
  /** PEM of the authority, or of the certificate itself. */
  readonly ca: string
  readonly connectTimeoutMs?: number
  /** From the first byte sent to the last one received. */
  readonly timeoutMs?: number
  /** Ganeti serves no more than 20 at once (`--max-clients`). */
  readonly connectionCount?: number
}

/** A client of one cluster. */
export interface RapiClient extends AsyncDisposable {
  /**
   * Makes one call, as soon as fewer than the allowed number are under way.
   * @returns the decoded body: for calls that change something, the number of the job
   * @throws RapiError RAPI_UNREACHABLE or RAPI_REFUSED
   */
  call(
    request: RapiRequest,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<JsonValue>
  /** Ends all calls. */
  close(): Promise<void>
}
