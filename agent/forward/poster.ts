import { createHmac } from 'node:crypto'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { systemCode } from '#errors.js'
import { judgeStatus, type PostOutcome } from './outcome.js'

/** Where and how messages are posted. */
export interface PosterOptions {
  readonly url: string
  readonly contentType: string
  readonly userAgent: string
  /** Requests at the same time; each keeps its connection. */
  readonly parallel: number
  /** For the whole of a request, from the name's resolution to the end of the answer. */
  readonly timeoutMs: number
  /** Signs what is sent; absent: it is not signed. */
  readonly secret?: string | undefined
  /** PEM text of the authority of the receiver's certificate; absent: the system's. */
  readonly ca?: string | undefined
}

/** Posts texts to one address. */
export interface Poster {
  /** One try. Never rejects: what came of it is the outcome. */
  post(body: string, signal: AbortSignal): Promise<PostOutcome>
  close(): void
}

/** Opens nothing yet: connections are made when there is something to send. */
export function openPoster(options: PosterOptions): Poster {
  const { url, parallel, ca } = options
  const isTls = new URL(url).protocol === 'https:'
  const agent = isTls
    ? new HttpsAgent({ keepAlive: true, maxSockets: parallel, ...(ca === undefined ? {} : { ca }) })
    : new HttpAgent({ keepAlive: true, maxSockets: parallel })
  const request = isTls ? httpsRequest : httpRequest
  return {
    post(body, signal) {
      const bytes = Buffer.from(body)
      const headers = {
        'content-type': options.contentType,
        'content-length': bytes.length,
        'user-agent': options.userAgent,
        ...signature(bytes, options.secret),
      }
      return new Promise((resolve) => {
        const late = AbortSignal.timeout(options.timeoutMs)
        const fail = (error: unknown): void =>
          resolve({
            kind: 'again',
            why: late.aborted ? `no answer within ${options.timeoutMs} ms` : whyOf(error),
          })
        const call = request(
          url,
          { method: 'POST', agent, headers, signal: AbortSignal.any([signal, late]) },
          (answer) => {
            answer.on('error', fail)
            answer.on('end', () => resolve(judgeStatus(answer.statusCode ?? 0, factsOf(answer))))
            answer.resume() // what it says beside its status is of no account
          },
        )
        call.on('error', fail)
        call.end(bytes)
      })
    },
    close: () => agent.destroy(),
  }
}

function factsOf({ headers }: IncomingMessage): Parameters<typeof judgeStatus>[1] {
  return { retryAfter: headers['retry-after'], location: headers.location, nowMs: Date.now() }
}

/**
 * `t=<Unix seconds>,v1=<hex>`: HMAC-SHA256 of the time, a dot and the body, by the secret. The time is in it so that nobody can send an
 * old request again.
 */
export function signature(
  body: Uint8Array,
  secret: string | undefined,
  nowSeconds = Math.floor(Date.now() / 1000),
): Readonly<Record<string, string>> {
  if (secret === undefined) return {}
  const digest = createHmac('sha256', secret).update(`${nowSeconds}.`).update(body).digest('hex')
  return { 'okeanid-signature': `t=${nowSeconds},v1=${digest}` }
}

function whyOf(error: unknown): string {
  const code = systemCode(error)
  if (code === 'ECONNREFUSED') return 'connection refused'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name cannot be resolved'
  return code ?? (error instanceof Error ? error.message : String(error))
}
