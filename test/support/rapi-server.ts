import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Certificate } from './certificates.js'

/** A request with all of its body. */
export interface ServedRequest {
  readonly method: string
  /** With its query. */
  readonly target: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** A TLS server on the loopback that speaks as Ganeti's does: one request a connection. */
export interface RapiServer {
  readonly url: string
  readonly port: number
  readonly requests: readonly ServedRequest[]
  /** Most connections that stood at once. */
  readonly peak: () => number
  close(): Promise<void>
}

/** Serves with a function that writes the answer, or does something worse. */
export async function startRapiServer(
  certificate: Pick<Certificate, 'cert' | 'key'>,
  serve: (request: ServedRequest, response: ServerResponse) => void | Promise<void>,
  { port = 0 }: { readonly port?: number } = {},
): Promise<RapiServer> {
  const requests: ServedRequest[] = []
  const sockets = new Set<Duplex>()
  let peak = 0
  const server = https.createServer(
    { cert: certificate.cert, key: certificate.key },
    (req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => void chunks.push(chunk))
      req.on('error', () => {})
      req.on('end', () => {
        const request: ServedRequest = {
          method: req.method ?? '',
          target: req.url ?? '',
          headers: req.headers,
          body: Buffer.concat(chunks),
        }
        requests.push(request)
        res.setHeader('Connection', 'close')
        void serve(request, res)
      })
    },
  )
  server.on('connection', (socket) => {
    sockets.add(socket)
    peak = Math.max(peak, sockets.size)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `https://127.0.0.1:${taken}`,
    port: taken,
    requests,
    peak: () => peak,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
