import { X509Certificate } from 'node:crypto'
import https from 'node:https'
import tls, { type PeerCertificate } from 'node:tls'
import { RapiError } from './rapi-error.js'

/** One request to one address, all of it. */
export interface Exchange {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
  readonly ca: string
  readonly connectTimeoutMs: number
  readonly timeoutMs: number
  readonly maxReplyBytes: number
  readonly signal: AbortSignal
  /** It changes nothing, so that it may be repeated. */
  readonly isReading: boolean
}

/** What came back. */
export interface Reply {
  readonly status: number
  readonly body: Buffer
}

/**
 * Sends a request over a connection of its own and reads the answer: Ganeti closes after each one (`lib/http/server.py`), so there is
 * nothing to keep.
 *
 * Trusted is what the given certificates vouch for. When the peer shows one of these very certificates, the name in it does not
 * matter, for Ganeti's own ones are made out to the cluster and not to the node; else it must be of the host that was called.
 * @throws RapiError RAPI_UNREACHABLE; `mayBeDone` says whether the connection stood, and so the request may have arrived
 */
export function exchange(asked: Exchange): Promise<Reply> {
  const { url, method, ca, connectTimeoutMs, timeoutMs, maxReplyBytes, isReading } = asked
  return new Promise((resolve, reject) => {
    let isConnected = false
    const fail = (why: string, cause?: unknown) => {
      clearTimeout(timer)
      const message = `no answer from ${url.origin} to ${method} ${url.pathname}: ${why}`
      reject(
        new RapiError('RAPI_UNREACHABLE', message, {
          mayBeDone: isConnected && !isReading,
          cause,
        }),
      )
      request.destroy()
    }
    let timer = setTimeout(() => fail(`not connected in ${connectTimeoutMs} ms`), connectTimeoutMs)
    const request = https.request(url, {
      method,
      headers: { ...asked.headers, Connection: 'close' },
      agent: false,
      ca,
      allowPartialTrustChain: true,
      checkServerIdentity: (host, certificate) => checkIdentity({ host, certificate, ca }),
      signal: asked.signal,
    })
    request.once('socket', (socket) =>
      socket.once('secureConnect', () => {
        isConnected = true
        clearTimeout(timer)
        timer = setTimeout(() => fail(`none in ${timeoutMs} ms`), timeoutMs)
      }),
    )
    request.once('response', (response) => {
      const chunks: Buffer[] = []
      let byteCount = 0
      response.on('data', (chunk: Buffer) => {
        byteCount += chunk.length
        if (byteCount > maxReplyBytes) fail(`more than ${maxReplyBytes} bytes`)
        else chunks.push(chunk)
      })
      response.once('error', (error) => fail(error.message, error))
      response.once('end', () => {
        clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) })
      })
    })
    request.once('error', (error) => fail(error.message, error))
    request.end(asked.body)
  })
}

function checkIdentity({
  host,
  certificate,
  ca,
}: {
  readonly host: string
  readonly certificate: PeerCertificate
  readonly ca: string
}): Error | undefined {
  const isPinned = certificatesIn(ca).some((one) => one.raw.equals(certificate.raw))
  return isPinned ? undefined : tls.checkServerIdentity(host, certificate)
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block))
}
