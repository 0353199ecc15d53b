import type { ConsoleAddress, Context } from '#central/api/context.js'
import type { Clients } from '#central/effect/clients.js'
import type { Store } from '#central/store/store.js'
import { isJsonObject } from '#ganeti/json-value.js'

/**
 * Asks a cluster where the screen of an instance is: its primary node and the port that Ganeti gave it. The node must serve VNC where
 * this host reaches it (hvparam `vnc_bind_address`).
 */
export function consoleFinder(
  { read }: Pick<Store, 'read'>,
  clients: Clients,
): NonNullable<Context['findConsole']> {
  return async ({ backendId, instanceName }): Promise<ConsoleAddress | undefined> => {
    const backend = await read
      .selectFrom('backends')
      .selectAll()
      .where('id', '=', backendId)
      .executeTakeFirst()
    if (backend === undefined || backend.is_offline === 1) return undefined
    const path = `/2/instances/${encodeURIComponent(instanceName)}`
    const told = await clients.of(backend).call({ method: 'GET', path })
    if (!isJsonObject(told)) return undefined
    const { pnode, network_port: port, hvparams } = told
    const bind = isJsonObject(hvparams) ? hvparams['vnc_bind_address'] : undefined
    if (typeof pnode !== 'string' || typeof port !== 'number' || !isReachable(bind))
      return undefined
    return { host: pnode, port }
  }
}

/** An address, not the path of a socket, and not empty, which is no VNC at all. */
function isReachable(bind: unknown): boolean {
  return typeof bind === 'string' && bind !== '' && !bind.startsWith('/')
}
