import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that a receiver got. */
export interface Posted {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What a receiver does with a request: a status, with headers; or nothing, for ever. */
export type Answer =
  | number
  | { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | 'hang'

/** A real HTTP server of a test's own, which behaves as it is told. */
export interface Receiver extends AsyncDisposable {
  readonly url: string
  /** Whatever it answered with 2xx, in order. */
  readonly taken: readonly Posted[]
  /** All requests. */
  readonly posted: readonly Posted[]
  answer: (posted: Posted) => Answer
  /** Stops listening, and cuts what is connected; the port stays ours to take again. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** Opens one on the loopback. */
export async function openReceiver(): Promise<Receiver> {
  const taken: Posted[] = []
  const posted: Posted[] = []
  let port = 0
  let server: Server | undefined
  const receiver: Receiver = {
    taken,
    posted,
    get url() {
      return `http://127.0.0.1:${port}/hook`
    },
    answer: () => 204,
    async stop() {
      const old = server
      server = undefined
      if (old === undefined) return
      const closed = new Promise<void>((resolve) => old.close(() => resolve()))
      old.closeAllConnections()
      await closed
    },
    async start() {
      const fresh = createServer((asked, reply) => {
        const parts: Buffer[] = []
        asked.on('data', (part: Buffer) => parts.push(part))
        asked.on('error', () => undefined)
        asked.on('end', () => {
          const one = { headers: asked.headers, body: Buffer.concat(parts).toString() }
          posted.push(one)
          const answer = receiver.answer(one)
          if (answer === 'hang') return
          const { status, headers } =
            typeof answer === 'number' ? { status: answer, headers: {} } : answer
          if (status >= 200 && status < 300) taken.push(one)
          reply.writeHead(status, headers).end()
        })
      })
      await new Promise<void>((resolve) => fresh.listen(port, '127.0.0.1', resolve))
      port = (fresh.address() as AddressInfo).port
      server = fresh
    },
    [Symbol.asyncDispose]: () => receiver.stop(),
  }
  await receiver.start()
  return receiver
}
