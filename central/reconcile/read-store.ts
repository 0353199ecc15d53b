import type { Names } from '#central/names.js'
import { ganetiNameOf } from '#central/network/networks.js'
import type { Store } from '#central/store/store.js'
import type { PortView, StoredNetworks, StoredServers } from './view.js'

type Read = Store['read']

/** Statuses of intents that may still have an effect. */
const live = ['pending', 'submitting', 'submitted'] as const

/** What instances of a cluster are called that have servers. */
export async function storedNames(
  { read }: Pick<Store, 'read'>,
  backendId: number,
): Promise<readonly string[]> {
  const rows = await read
    .selectFrom('servers')
    .select('instance_name')
    .where('backend_id', '=', backendId)
    .where('deleted_ms', 'is', null)
    .execute()
  return rows.map(({ instance_name: name }) => name)
}

/** Reads the servers of these instances: few statements, whatever their number. */
export async function readServers(
  { read }: Pick<Store, 'read'>,
  {
    backendId,
    names,
    instances,
  }: {
    readonly backendId: number
    readonly names: Names
    readonly instances: readonly string[]
  },
): Promise<StoredServers> {
  const servers = await read
    .selectFrom('servers')
    .selectAll()
    .where('backend_id', '=', backendId)
    .where('instance_name', 'in', instances)
    .where('deleted_ms', 'is', null)
    .orderBy('id')
    .execute()
  const ids = servers.map(({ id }) => id)
  const intents = await pendingOf(read, ids)
  const liveIds = new Set(intents.map(({ id }) => id))
  const orphans = servers.filter(
    ({ task, task_intent_id: id }) => task !== null && !(id !== null && liveIds.has(id)),
  )
  return {
    servers,
    ports: await readPorts(read, { ids, names }),
    pending: new Set(intents.map(({ server_id: id }) => id ?? 0)),
    orphanTasks: new Set(orphans.map(({ id }) => id)),
  }
}

async function pendingOf(read: Read, serverIds: readonly number[]) {
  if (serverIds.length === 0) return []
  return await read
    .selectFrom('intents')
    .select(['id', 'server_id'])
    .where('server_id', 'in', serverIds)
    .where('status', 'in', live)
    .execute()
}

async function readPorts(
  read: Read,
  { ids, names }: { readonly ids: readonly number[]; readonly names: Names },
): Promise<StoredServers['ports']> {
  const ports = new Map<number, PortView[]>(ids.map((id) => [id, []]))
  if (ids.length === 0) return ports
  const rows = await read
    .selectFrom('ports as p')
    .innerJoin('networks as n', 'n.id', 'p.network_id')
    .leftJoin('addresses as a', (join) =>
      join.onRef('a.port_id', '=', 'p.id').on('a.ip_version', '=', 4),
    )
    .select(['p.server_id', 'p.nic_name', 'p.nic_uuid', 'p.mac', 'p.state', 'a.address'])
    .select(['n.id as network_id', 'n.ganeti_name'])
    .where('p.server_id', 'in', ids)
    .execute()
  for (const row of rows) {
    ports.get(row.server_id ?? 0)?.push({
      nicName: row.nic_name,
      nicUuid: row.nic_uuid,
      mac: row.mac,
      ip: row.address,
      network: ganetiNameOf(names, { id: row.network_id, ganeti_name: row.ganeti_name }) ?? null,
      state: row.state,
    })
  }
  return ports
}

/** Reads the networks that a cluster should have. */
export async function readNetworks(
  { read }: Pick<Store, 'read'>,
  { backendId, names }: { readonly backendId: number; readonly names: Names },
): Promise<StoredNetworks> {
  const rows = await read
    .selectFrom('backend_networks as b')
    .innerJoin('networks as n', 'n.id', 'b.network_id')
    .select(['b.network_id', 'b.state', 'b.stamp', 'n.ganeti_name', 'n.is_deleting'])
    .where('b.backend_id', '=', backendId)
    .orderBy('b.network_id')
    .execute()
  const intents = await read
    .selectFrom('intents')
    .select('network_id')
    .where('backend_id', '=', backendId)
    .where('network_id', 'is not', null)
    .where('status', 'in', live)
    .execute()
  const networks = rows.flatMap(
    ({ network_id: networkId, state, stamp, is_deleting, ganeti_name }) => {
      const name = ganetiNameOf(names, { id: networkId, ganeti_name })
      const isDeleting = is_deleting === 1
      return name === undefined ? [] : [{ networkId, name, state, stamp, isDeleting }]
    },
  )
  return { networks, pending: new Set(intents.map(({ network_id: id }) => id ?? 0)) }
}
