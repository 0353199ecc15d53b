import { createSocket } from 'node:dgram'
import { until } from '../support/until.js'

/** A UDP socket that keeps what it is sent: which packets the kernel let through, and how often. */
export interface Inbox extends Disposable {
  readonly payloads: readonly string[]
  /** Resolves when all that was let through before has been read. */
  settled(): Promise<void>
}

/** Listens on all addresses of this namespace. */
export async function openInbox(port: number): Promise<Inbox> {
  const payloads: string[] = []
  const last = `the last one ${port}`
  let isSettled = false
  const socket = createSocket('udp4')
  socket.on('message', (message) => {
    if (String(message) === last) isSettled = true
    else payloads.push(String(message))
  })
  await new Promise<void>((resolve) => socket.bind(port, resolve))
  return {
    payloads,
    // a datagram by way of lo stands behind all that came before it
    async settled() {
      isSettled = false
      socket.send(last, port, '127.0.0.1')
      await until('the last datagram', () => isSettled || undefined)
    },
    [Symbol.dispose]() {
      socket.close()
    },
  }
}
