import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AgentError, systemCode } from '#errors.js'

/** A page of figures that Prometheus may fetch. */
export interface MetricsServer {
  /** Where it listens, when the port was left to the kernel. */
  readonly port: number
  close(): Promise<void>
}

/**
 * Answers `GET /metrics` on an address and nothing else. Whoever reaches it may read: it tells counts, no names.
 * @param listen `127.0.0.1:9469`, `[::]:9469`
 * @throws AgentError CONFIG_INVALID when it cannot listen there
 */
export async function openMetricsServer(
  listen: string,
  format: () => string,
): Promise<MetricsServer> {
  const [, host = '', digits = ''] = /^(.*):(\d+)$/.exec(listen) ?? []
  const server: Server = createServer((asked, answer) => {
    if (asked.method !== 'GET' || asked.url?.split('?')[0] !== '/metrics') {
      answer.writeHead(404).end('there is /metrics\n')
      return
    }
    answer.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(format())
  })
  server.requestTimeout = 10_000
  server.maxConnections = 64
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new AgentError(
          'CONFIG_INVALID',
          `listen = ${listen}: cannot listen there (${systemCode(cause) ?? String(cause)})`,
          { cause },
        ),
      ),
    )
    server.listen(Number(digits), host.replace(/^\[|\]$/g, ''), resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
