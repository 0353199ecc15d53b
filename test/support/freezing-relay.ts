import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'

/** Something between a program and a server that can stop to carry bytes, as a network does that drops packets. */
export interface FreezingRelay extends AsyncDisposable {
  /** The server's address, through here. */
  readonly url: string
  /** From now on nothing passes, in either direction, and no connection ends. New ones are taken and are as silent. */
  freeze(): void
  /** What is new passes again; the old connections stay as they are. */
  thaw(): void
  connectionCount(): number
}

/** Opens a relay to where this URL leads. */
export async function openFreezingRelay(url: string): Promise<FreezingRelay> {
  const { hostname: host, port } = new URL(url)
  const sockets = new Set<Socket>()
  let isFrozen = false
  let count = 0
  const server = createServer((near) => {
    count += 1
    sockets.add(near)
    near.on('error', () => near.destroy())
    if (isFrozen) return
    const far = createConnection({ host, port: Number(port) })
    sockets.add(far)
    far.on('error', () => near.destroy())
    near.pipe(far)
    far.pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: ownPort } = server.address() as AddressInfo
  return {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${ownPort}` }).href,
    freeze() {
      isFrozen = true
      for (const socket of sockets) socket.unpipe().pause()
    },
    thaw() {
      isFrozen = false
    },
    connectionCount: () => count,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
