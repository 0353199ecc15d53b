import type { FastifyRequest } from 'fastify'
import type { Context } from '#central/api/context.js'
import { Fault } from '#central/api/fault.js'
import { publicUrl } from '#central/api/public-url.js'
import { allowConsole } from '#central/server/console.js'
import { findServer } from '#central/server/find-server.js'
import { wishOf } from './server-change.js'

/** Where a screen can be seen, once. */
export interface ConsolePlace {
  /** `wss://cloud.example.org/console?token=…`; RFB in binary frames, as noVNC speaks it. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly secret: string
}

/** Allows the caller of a request one look at the server in its address. @throws Fault 404, 409 when it does not run, 501 */
export async function consoleOf(context: Context, request: FastifyRequest): Promise<ConsolePlace> {
  const { caller, id } = wishOf(request)
  const row = await findServer(context.store.read, caller, id)
  if (context.findConsole === undefined) {
    throw new Fault('notImplemented', 'no consoles are given here')
  }
  if (row.power !== 'STARTED') {
    throw new Fault('conflictingRequest', `Instance ${id} is not ready: it does not run`)
  }
  const secret = await context.store.write((tx) => allowConsole(tx, context, row.id))
  const url = new URL(`${publicUrl(context.config, request).replace(/^http/, 'ws')}/console`)
  url.searchParams.set('token', secret)
  const port = Number(url.port) || (url.protocol === 'wss:' ? 443 : 80)
  return { url: url.href, host: url.hostname, port, secret }
}
