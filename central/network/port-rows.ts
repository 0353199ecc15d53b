import type { Selectable } from 'kysely'
import type { Change } from '#central/store/store.js'
import type { PortTable } from '#central/store/tables/network.js'
import { giveAddress } from './addresses.js'
import type { NetworkDeps } from './network-deps.js'
import { NetworkFault } from './network-fault.js'
import { requireQuota } from './network-quota.js'
import type { NetworkRow } from './networks.js'
import { releaseValues } from './pool.js'

/** A row of `ports`. */
export type PortRow = Selectable<PortTable>

/** A port that somebody wants. */
export interface NewPort {
  readonly network: NetworkRow
  readonly projectId: string
  readonly userId: string
  readonly serverId: number | null
  readonly name?: string
  readonly fixedIp?: string
  /** It stays when it leaves a server. */
  readonly isKept?: boolean
}

/**
 * Makes a port with its address.
 * @throws NetworkFault OverQuota, Conflict, and as `giveAddress`
 */
export async function createPort(
  tx: Change,
  deps: NetworkDeps,
  wanted: NewPort,
): Promise<{ readonly port: PortRow; readonly ip: string | null }> {
  const { network, projectId, userId, serverId, name = '', fixedIp, isKept = false } = wanted
  if (network.is_deleting === 1 || network.is_drained === 1) {
    throw new NetworkFault('Conflict', `network ${network.id} takes no new ports`)
  }
  await requireQuota(tx, deps, { projectId, resource: 'ports', count: 1 })
  const { id } = await tx
    .insertInto('ports')
    .values({
      ...{ name, project_id: projectId, user_id: userId },
      ...{ network_id: network.id, server_id: serverId },
      ...{ nic_name: '', nic_uuid: null, nic_index: null, mac: null },
      ...{ state: serverId === null ? 'DOWN' : 'BUILD', is_kept: isKept ? 1 : 0, is_leaving: 0 },
      ...{ firewall: null, leased_ms: null, created_ms: deps.nowMs, updated_ms: deps.nowMs },
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  const port = await tx
    .updateTable('ports')
    .set({ nic_name: deps.names.nic(id) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  const wish = { network, portId: id, projectId, ...(fixedIp === undefined ? {} : { fixedIp }) }
  return { port, ip: await giveAddress(tx, deps, wish) }
}

/** The IPv4 address of a port. */
export async function addressOf(tx: Change, portId: number): Promise<string | null> {
  const row = await tx
    .selectFrom('addresses')
    .select('address')
    .where('port_id', '=', portId)
    .where('ip_version', '=', 4)
    .executeTakeFirst()
  return row?.address ?? null
}

/**
 * Takes a port off its server: one that somebody made by itself waits for the next, others are gone and give their addresses
 * back. Floating addresses stay with their project.
 */
export async function leaveServer(
  tx: Change,
  deps: Pick<NetworkDeps, 'nowMs'>,
  port: Pick<PortRow, 'id' | 'is_kept'>,
): Promise<void> {
  if (port.is_kept === 0) {
    await dropPort(tx, deps, port.id)
    return
  }
  await tx
    .deleteFrom('addresses')
    .where('port_id', '=', port.id)
    .where('ip_version', '=', 6)
    .execute()
  await tx
    .updateTable('ports')
    .set({
      ...{ server_id: null, state: 'DOWN', is_leaving: 0, mac: null, nic_uuid: null },
      ...{ nic_index: null, firewall: null, leased_ms: null, updated_ms: deps.nowMs },
    })
    .where('id', '=', port.id)
    .execute()
}

/** Removes a port and gives its addresses back. */
export async function dropPort(
  tx: Change,
  deps: Pick<NetworkDeps, 'nowMs'>,
  portId: number,
): Promise<void> {
  await tx.deleteFrom('addresses').where('port_id', '=', portId).execute()
  await tx
    .updateTable('floating_ips')
    .set({ port_id: null })
    .where('port_id', '=', portId)
    .execute()
  await releaseValues(tx, deps, { kind: 'port', id: portId })
  await tx.deleteFrom('ports').where('id', '=', portId).execute()
}
