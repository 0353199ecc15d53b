import type { Kysely } from 'kysely'
import type { Caller } from '#central/api/context.js'
import { canSee, type NetworkRow } from '#central/network/networks.js'
import type { Database } from '#central/store/schema.js'
import { isoTime } from './iso-time.js'
import { numbersOf, type Query, type View, wantedOf } from './neutron-list.js'

/** What networks may be filtered by. */
export const networkFilters = [
  ...['id', 'name', 'tenant_id', 'project_id', 'status', 'shared', 'router:external'],
  ...['admin_state_up', 'SNF:type'],
] as const

/** A network as Neutron shows it. */
export function networkView(row: NetworkRow, subnetIds: readonly number[]): View {
  return {
    id: String(row.id),
    name: row.name,
    tenant_id: row.project_id ?? '',
    project_id: row.project_id ?? '',
    admin_state_up: true,
    status: row.is_deleting === 1 ? 'DOWN' : row.state,
    shared: row.is_public === 1 && row.is_floating_pool === 0,
    'router:external': row.is_floating_pool === 1,
    subnets: subnetIds.map(String),
    mtu: 1500,
    description: '',
    tags: [],
    availability_zones: [],
    availability_zone_hints: [],
    created_at: isoTime(row.created_ms),
    updated_at: isoTime(row.updated_ms),
    'SNF:type': row.flavor,
    'SNF:floating_ip_pool': row.is_floating_pool === 1,
  }
}

/** The networks that a caller may know of, as rows with the numbers of their subnets. */
export async function findNetworks(
  db: Kysely<Database>,
  caller: Caller,
  query: Query,
): Promise<readonly { readonly row: NetworkRow; readonly subnetIds: readonly number[] }[]> {
  let select = db.selectFrom('networks').selectAll().where('deleted_ms', 'is', null)
  const ids = numbersOf(query, 'id')
  const names = wantedOf(query, 'name')
  if (ids !== undefined) select = select.where('id', 'in', ids)
  if (names !== undefined) select = select.where('name', 'in', names)
  if (!caller.isAdmin) {
    select = select.where((is) =>
      is.or([is('project_id', '=', caller.projectId), is('is_public', '=', 1)]),
    )
  }
  const rows = (await select.orderBy('id').execute()).filter((row) => canSee(caller, row))
  const subnetIds = new Map<number, number[]>(rows.map(({ id }) => [id, []]))
  const subnets = rows.length === 0 ? [] : await subnetIdsOf(db, rows)
  for (const { id, network_id: networkId } of subnets) subnetIds.get(networkId)?.push(id)
  return rows.map((row) => ({ row, subnetIds: subnetIds.get(row.id) ?? [] }))
}

async function subnetIdsOf(db: Kysely<Database>, rows: readonly NetworkRow[]) {
  const query = db.selectFrom('subnets').select(['id', 'network_id']).orderBy('id')
  const [only] = rows
  return await (rows.length === 1 && only !== undefined
    ? query.where('network_id', '=', only.id)
    : query
  ).execute()
}
