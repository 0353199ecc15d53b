import type { Kysely } from 'kysely'
import type { Caller } from '#central/api/context.js'
import type { Database } from '#central/store/schema.js'
import { isoTime } from './iso-time.js'
import { findNetworks } from './network-view.js'
import type { View } from './neutron-list.js'

/** Networks as Synnefo's API 1.1 shows them, with the subnets in them. */
export async function synnefoNetworks(
  db: Kysely<Database>,
  caller: Caller,
  { isDetailed, networkId }: { readonly isDetailed: boolean; readonly networkId?: number },
): Promise<readonly View[]> {
  const query = networkId === undefined ? {} : { id: String(networkId) }
  const found = await findNetworks(db, caller, query)
  if (!isDetailed) return found.map(({ row }) => ({ id: String(row.id), name: row.name }))
  const networkIds = found.map(({ row }) => row.id)
  if (networkIds.length === 0) return []
  const subnets = await db
    .selectFrom('subnets')
    .selectAll()
    .where('network_id', 'in', networkIds)
    .execute()
  let attached = db
    .selectFrom('ports')
    .select(['id', 'network_id'])
    .where('network_id', 'in', networkIds)
    .where('server_id', 'is not', null)
  if (!caller.isAdmin) attached = attached.where('project_id', '=', caller.projectId)
  const ports = await attached.orderBy('id').execute()
  return found.map(({ row }) => {
    const own = subnets.filter(({ network_id: id }) => id === row.id)
    const subnet4 = own.find(({ ip_version: version }) => version === 4)
    const subnet6 = own.find(({ ip_version: version }) => version === 6)
    return {
      id: String(row.id),
      name: row.name,
      type: row.flavor,
      status: row.is_deleting === 1 ? 'DELETING' : row.state,
      public: row.is_public === 1,
      cidr: subnet4?.cidr ?? null,
      gateway: subnet4?.gateway_ip ?? null,
      cidr6: subnet6?.cidr ?? null,
      gateway6: subnet6?.gateway_ip ?? null,
      dhcp: own.some(({ is_dhcp: isDhcp }) => isDhcp === 1),
      tenant_id: row.project_id ?? '',
      user_id: row.user_id ?? '',
      created: isoTime(row.created_ms),
      updated: isoTime(row.updated_ms),
      attachments: ports.filter(({ network_id: id }) => id === row.id).map(({ id }) => String(id)),
    }
  })
}
