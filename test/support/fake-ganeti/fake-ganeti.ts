import type { JsonObject, JsonValue } from '#ganeti/json-value.js'
import type { Certificate } from '../certificates.js'
import { type RapiServer, type ServedRequest, startRapiServer } from '../rapi-server.js'
import { createFakeCluster, type FakeCluster } from './cluster.js'
import { answer } from './routes.js'

/** What goes wrong with one call. */
export type Fault =
  /** The connection ends before anything is done. */
  | 'cut-before'
  /** It is done, and the connection ends before the answer. */
  | 'cut-after'
  /** It is done, and nothing is answered. */
  | 'hang-after'
  /** Nothing is done, and nothing is answered. */
  | 'hang-before'
  | { readonly status: number; readonly message: string }

/** A cluster behind a remote API. */
export interface FakeGaneti {
  readonly cluster: FakeCluster
  readonly url: string
  readonly certificate: Certificate
  readonly requests: readonly ServedRequest[]
  /** Chooses what goes wrong; nothing at first. */
  setFault(fault: (request: ServedRequest) => Fault | undefined): void
  close(): Promise<void>
}

/** Starts one. */
export async function startFakeGaneti({
  certificate,
  jobMs,
  version = '3.1.1',
}: {
  readonly certificate: Certificate
  readonly jobMs?: number
  readonly version?: string
}): Promise<FakeGaneti> {
  const cluster = createFakeCluster(jobMs === undefined ? {} : { jobMs })
  let fault: (request: ServedRequest) => Fault | undefined = () => undefined
  const server: RapiServer = await startRapiServer(certificate, (request, response) => {
    const wrong = fault(request)
    if (wrong === 'hang-before') return
    if (wrong === 'cut-before') {
      response.socket?.destroy()
      return
    }
    const given = typeof wrong === 'object' ? wrong : serve(cluster, request, version)
    if (wrong === 'hang-after') return
    if (wrong === 'cut-after') {
      response.socket?.destroy()
      return
    }
    const status = 'value' in given ? 200 : given.status
    const value =
      'value' in given
        ? given.value
        : { code: given.status, message: escapeHtml(given.message), explain: 'of this test' }
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(value))
  })
  return {
    cluster,
    url: server.url,
    certificate,
    requests: server.requests,
    setFault: (chosen) => {
      fault = chosen
    },
    async close() {
      cluster.close()
      await server.close()
    },
  }
}

function serve(
  cluster: FakeCluster,
  { method, target, headers, body }: ServedRequest,
  version: string,
) {
  const url = new URL(target, 'https://host')
  if (body.length > 0 && headers['content-type'] !== 'application/json') {
    return { status: 415, message: 'Unsupported Media Type' }
  }
  const parsed: JsonValue = body.length === 0 ? null : JSON.parse(body.toString('utf8'))
  return answer(
    cluster,
    {
      method,
      path: url.pathname,
      params: url.searchParams,
      body: parsed === null ? undefined : (parsed as JsonObject),
    },
    { version },
  )
}

function escapeHtml(text: string): string {
  return text.replace(/'/g, '&#x27;').replace(/"/g, '&quot;')
}
