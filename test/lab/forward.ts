import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PipedChild } from './command.js'

/** A port on the host's loopback that leads to a machine of the lab. */
export interface Forward extends AsyncDisposable {
  readonly port: number
  readonly close: () => Promise<void>
}

/** Where a forward leads, and how a program of the host is started in the hub's network. */
export interface ForwardOptions {
  readonly address: string
  readonly port: number
  readonly hubSpawn: (argv: readonly string[]) => PipedChild
}

/**
 * Opens a way from the host's loopback into the lab.
 *
 * A process cannot change its network namespace, but a Unix socket is a file and belongs to none:
 *
 *     test -> 127.0.0.1:port -> this process -> Unix socket -> relay.js in the hub's network -> address:port
 */
export async function openForward({ address, port, hubSpawn }: ForwardOptions): Promise<Forward> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-'))
  const path = join(folder, 's')
  const relay = hubSpawn([process.execPath, relayProgram, path, address, String(port)])
  relay.stderr.pipe(process.stderr)
  await Promise.race([
    once(relay.stdout, 'data'), // it says so when it listens
    once(relay, 'exit').then(() => {
      throw new Error(`no forward to ${address}:${port}: the relay ended`)
    }),
  ])
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const far = createConnection(path)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from)
      from.on('error', () => to.destroy())
      from.once('close', () => {
        open.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    for (const socket of open) socket.destroy()
    if (relay.exitCode === null && relay.kill()) await once(relay, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
  return { port: (server.address() as AddressInfo).port, close, [Symbol.asyncDispose]: close }
}

const relayProgram = fileURLToPath(new URL('relay.js', import.meta.url))
