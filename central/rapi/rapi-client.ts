import { requireAscii } from '#central/intent/ascii.js'
import type { RapiRequest } from '#central/intent/rapi-request.js'
import { formatJson, type JsonValue } from '#ganeti/json-value.js'
import { readReply } from './answer.js'
import { exchange } from './exchange.js'
import { createGate } from './gate.js'
import { RapiError } from './rapi-error.js'

/** A cluster's remote API, and how long it is waited for. */
export interface RapiOptions {
  /** `https://host:5080` of nodes that are or may become master. At least one. */
  readonly urls: readonly string[]
  readonly user: string
  readonly password: string
  /** PEM of the authority, or of the certificate itself. */
  readonly ca: string
  readonly connectTimeoutMs?: number
  /** From the moment when the connection stands to the last byte of the answer. */
  readonly timeoutMs?: number
  /** Ganeti serves no more than 20 at once (`--max-clients`). */
  readonly connectionCount?: number
  /** Longer answers are not read to their end; ten thousand instances are some ten MiB. */
  readonly maxReplyBytes?: number
}

/** How a single call is made. */
export interface CallOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  /** How long it may wait for a free connection. */
  readonly queueMs?: number
}

/** A call that is under way. */
type Ongoing = CallOptions & { readonly signal: AbortSignal }

/** A client of one cluster. */
export interface RapiClient extends AsyncDisposable {
  /**
   * Makes one call, as soon as fewer than the allowed number are under way.
   * @returns the decoded body: for calls that change something, the number of the job
   * @throws RapiError RAPI_UNREACHABLE or RAPI_REFUSED
   */
  call(request: RapiRequest, options?: CallOptions): Promise<JsonValue>
  /** Ends all calls. */
  close(): Promise<void>
}

/** A node that is not the master answers so, when it answers at all (`lib/server/rapi.py`, `HttpBadGateway`). */
const badGateway = 502

/**
 * Opens a client; the first call connects.
 *
 * Of several addresses the one that answered last is asked first, then the others in their order: only the master serves the API,
 * and mastership wanders. A call that may have been done already is not made again at another address; that is for whoever can find
 * out (`central/effect/`).
 */
export function openRapiClient({
  urls,
  user,
  password,
  ca,
  connectTimeoutMs = 5_000,
  timeoutMs = 60_000,
  connectionCount = 20,
  maxReplyBytes = 256 * 1024 * 1024,
}: RapiOptions): RapiClient {
  const gate = createGate(connectionCount)
  const running = new Set<AbortController>()
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  let first = 0

  async function callOne(base: string, request: RapiRequest, options: Ongoing) {
    const { signal } = options
    const url = addressOf(base, request)
    const body = request.body === undefined ? undefined : Buffer.from(formatJson(request.body))
    const reply = await exchange({
      url,
      method: request.method,
      headers: {
        Accept: 'application/json',
        Authorization: authorization,
        ...framing(request, body),
      },
      body,
      ca,
      connectTimeoutMs,
      timeoutMs: options.timeoutMs ?? timeoutMs,
      maxReplyBytes,
      signal,
      isReading: isReading(request),
    })
    return readReply(reply, {
      asked: `${request.method} ${url.origin}${url.pathname}`,
      isReading: isReading(request),
    })
  }

  async function callAny(request: RapiRequest, options: Ongoing): Promise<JsonValue> {
    const start = first
    for (let turn = 0; ; turn += 1) {
      const index = (start + turn) % urls.length
      try {
        const value = await callOne(urls[index] ?? '', request, options)
        first = index
        return value
      } catch (error) {
        if (!(error instanceof RapiError) || !isElsewhere(error)) throw error
        first = (index + 1) % urls.length
        if (error.mayBeDone || turn + 1 >= urls.length || options.signal.aborted) throw error
      }
    }
  }

  async function close(): Promise<void> {
    for (const call of running) call.abort(new Error('the client was closed'))
  }
  return {
    async call(request, { signal, queueMs = 60_000, ...options } = {}) {
      requireAscii(request)
      signal?.throwIfAborted()
      const call = new AbortController()
      const abort = () => call.abort(signal?.reason)
      const turn = setTimeout(() => call.abort(new Error(`no turn in ${queueMs} ms`)), queueMs)
      running.add(call)
      signal?.addEventListener('abort', abort, { once: true })
      try {
        return await gate.pass(call.signal, () => {
          clearTimeout(turn)
          return callAny(request, { ...options, signal: call.signal })
        })
      } catch (error) {
        if (error instanceof RapiError) throw error
        const why = `not called, it was still waiting for a free connection: ${error}`
        throw new RapiError('RAPI_UNREACHABLE', why, { mayBeDone: false, cause: error })
      } finally {
        clearTimeout(turn)
        signal?.removeEventListener('abort', abort)
        running.delete(call)
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Whether another node may be the master now. */
function isElsewhere({ code, status }: RapiError): boolean {
  return code === 'RAPI_UNREACHABLE' || status === badGateway
}

/** Queries are sent by PUT and change nothing. */
function isReading({ method, path }: RapiRequest): boolean {
  return method === 'GET' || path.startsWith('/2/query/')
}

function addressOf(base: string, { path, query = {} }: RapiRequest): URL {
  const url = new URL(path, base)
  for (const [name, value] of Object.entries(query)) {
    for (const one of typeof value === 'string' ? [value] : value)
      url.searchParams.append(name, one)
  }
  return url
}

/** A body must be announced with exactly this type, `; charset` is refused with 415; and chunks are not understood. */
function framing({ method }: RapiRequest, body: Buffer | undefined): Record<string, string> {
  if (body !== undefined) {
    return { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }
  }
  return method === 'GET' ? {} : { 'Content-Length': '0' }
}
