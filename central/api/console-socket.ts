import type { IncomingMessage } from 'node:http'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws'
import { takeConsole } from '#central/server/console.js'
import type { Context } from './context.js'

/** Screens that are looked at at the same time. */
const maxConsoles = 500

/** Largest frame from a browser: keys, moves of the mouse, a pasted text. */
const maxFrameBytes = 1024 * 1024

const connectTimeoutMs = 10_000

/**
 * `GET /console?token=…` as a WebSocket: RFB between a browser and the VNC server of an instance, which only sees us. The
 * secret in the address was given to who may see the screen (`POST …/remote-consoles`) and is good once, so pages of others
 * have nothing to send, and no `Origin` needs to be looked at.
 */
export function serveConsoles(app: FastifyInstance, context: Context): void {
  const open = new Set<WebSocket>()
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrameBytes,
    handleProtocols: (offered) => (offered.has('binary') ? 'binary' : false),
  })

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://here')
    if (url.pathname !== '/console') return refuse(socket, '404 Not Found')
    if (open.size >= maxConsoles) return refuse(socket, '503 Service Unavailable')
    const server = await takeConsole(context, url.searchParams.get('token') ?? '')
    if (server === undefined) return refuse(socket, '403 Forbidden')
    const place = await context.findConsole?.({
      backendId: server.backend_id,
      instanceName: server.instance_name,
    })
    if (place === undefined) return refuse(socket, '404 Not Found')
    const screen = await connect(place)
    // a browser that has gone meanwhile is never upgraded, and nobody else would let go of the screen
    socket.once('close', () => screen.destroy())
    if (socket.destroyed) return void screen.destroy()
    context.log('info', 'console opened', { server: server.id })
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      open.add(webSocket)
      webSocket.once('close', () => open.delete(webSocket))
      join(webSocket, screen)
    })
  }

  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    upgrade(request, socket, head).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      context.log('warning', 'console not opened', { why })
      refuse(socket, '502 Bad Gateway')
    })
  })
  app.addHook('preClose', async () => {
    for (const webSocket of open) webSocket.terminate()
    sockets.close()
  })
}

/** Passes bytes both ways, no faster than either side takes them; when one ends, both do. */
function join(webSocket: WebSocket, screen: net.Socket): void {
  const browser = createWebSocketStream(webSocket)
  screen.once('close', () => webSocket.close())
  webSocket.once('close', () => screen.destroy())
  // what fails closes, and closing is all that there is to do
  screen.on('error', () => screen.destroy())
  browser.on('error', () => webSocket.terminate())
  browser.pipe(screen)
  screen.pipe(browser)
}

function connect({ host, port }: { readonly host: string; readonly port: number }) {
  return new Promise<net.Socket>((resolve, reject) => {
    const socket = net.connect({ host, port, noDelay: true })
    socket.setTimeout(connectTimeoutMs, () => {
      socket.destroy(new Error(`the VNC server at ${host}:${port} does not answer`))
    })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
