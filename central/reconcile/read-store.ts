import type { Names } from '#central/names.js'
import { ganetiNameOf } from '#central/network/networks.js'
import type { Store } from '#central/store/store.js'
import type { PortView, StoreView } from './view.js'

/** Statuses of intents that may still have an effect. */
const live = ['pending', 'submitting', 'submitted'] as const

/** Reads what the store holds of a cluster: few statements, whatever it holds. */
export async function readStore(
  { read }: Pick<Store, 'read'>,
  { backendId, names }: { readonly backendId: number; readonly names: Names },
): Promise<StoreView> {
  const servers = await read
    .selectFrom('servers')
    .selectAll()
    .where('backend_id', '=', backendId)
    .orderBy('id')
    .execute()
  const pending = await read
    .selectFrom('intents')
    .select(['id', 'server_id', 'network_id'])
    .where('backend_id', '=', backendId)
    .where('status', 'in', live)
    .execute()
  const liveIds = new Set(pending.map(({ id }) => id))
  const numbers = (key: 'server_id' | 'network_id') =>
    new Set(pending.flatMap((intent) => intent[key] ?? []))
  return {
    servers,
    ports: await readPorts(read, { backendId, names }),
    networks: await readNetworks(read, { backendId, names }),
    pendingServers: numbers('server_id'),
    pendingNetworks: numbers('network_id'),
    orphanTasks: new Set(
      servers
        .filter(
          ({ task, task_intent_id: id }) => task !== null && !(id !== null && liveIds.has(id)),
        )
        .map(({ id }) => id),
    ),
  }
}

async function readPorts(
  read: Store['read'],
  { backendId, names }: { readonly backendId: number; readonly names: Names },
): Promise<readonly PortView[]> {
  const rows = await read
    .selectFrom('ports as p')
    .innerJoin('servers as s', 's.id', 'p.server_id')
    .innerJoin('networks as n', 'n.id', 'p.network_id')
    .leftJoin('addresses as a', (join) =>
      join.onRef('a.port_id', '=', 'p.id').on('a.ip_version', '=', 4),
    )
    .select(['p.server_id', 'p.nic_name', 'p.nic_uuid', 'p.mac', 'p.state', 'a.address'])
    .select(['n.id as network_id', 'n.ganeti_name'])
    .where('s.backend_id', '=', backendId)
    .where('s.deleted_ms', 'is', null)
    .execute()
  return rows.map((row) => ({
    serverId: row.server_id ?? 0,
    nicName: row.nic_name,
    nicUuid: row.nic_uuid,
    mac: row.mac,
    ip: row.address,
    network: ganetiNameOf(names, { id: row.network_id, ganeti_name: row.ganeti_name }) ?? null,
    state: row.state,
  }))
}

async function readNetworks(
  read: Store['read'],
  { backendId, names }: { readonly backendId: number; readonly names: Names },
): Promise<StoreView['networks']> {
  const rows = await read
    .selectFrom('backend_networks as b')
    .innerJoin('networks as n', 'n.id', 'b.network_id')
    .select(['b.network_id', 'b.state', 'b.stamp', 'n.ganeti_name', 'n.is_deleting'])
    .where('b.backend_id', '=', backendId)
    .orderBy('b.network_id')
    .execute()
  return rows.flatMap(({ network_id: networkId, state, stamp, is_deleting, ganeti_name }) => {
    const name = ganetiNameOf(names, { id: networkId, ganeti_name })
    const isDeleting = is_deleting === 1
    return name === undefined ? [] : [{ networkId, name, state, stamp, isDeleting }]
  })
}
