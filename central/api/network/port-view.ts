import type { Kysely, Selectable } from 'kysely'
import type { Caller } from '#central/api/context.js'
import type { PortRow } from '#central/network/port-rows.js'
import type { Database } from '#central/store/schema.js'
import type { AddressTable, FloatingIpTable } from '#central/store/tables/network.js'
import { isoTime } from './iso-time.js'
import { numbersOf, type Query, type View, wantedOf } from './neutron-list.js'

/** What ports may be filtered by. */
export const portFilters = [
  ...['id', 'name', 'network_id', 'device_id', 'device_owner', 'tenant_id', 'project_id'],
  ...['mac_address', 'status', 'fixed_ips', 'admin_state_up'],
] as const

type AddressRow = Selectable<AddressTable>

/** A port as Neutron shows it. */
export function portView(row: PortRow, addresses: readonly AddressRow[]): View {
  return {
    id: String(row.id),
    name: row.name,
    network_id: String(row.network_id),
    tenant_id: row.project_id,
    project_id: row.project_id,
    mac_address: row.mac ?? '',
    admin_state_up: true,
    status: row.state,
    device_id: row.server_id === null ? '' : String(row.server_id),
    device_owner: row.server_id === null ? '' : 'compute:nova',
    fixed_ips: addresses.map(({ address, subnet_id: subnetId }) => ({
      subnet_id: String(subnetId ?? ''),
      ip_address: address,
    })),
    security_groups: [],
    'binding:vnic_type': 'normal',
    description: '',
    tags: [],
    created_at: isoTime(row.created_ms),
    updated_at: isoTime(row.updated_ms),
  }
}

/** The ports of a caller, as they are shown. */
export async function findPorts(
  db: Kysely<Database>,
  caller: Caller,
  query: Query,
): Promise<readonly View[]> {
  let select = db.selectFrom('ports').selectAll()
  if (!caller.isAdmin) select = select.where('project_id', '=', caller.projectId)
  for (const [filter, column] of [
    ['id', 'id'],
    ['network_id', 'network_id'],
    ['device_id', 'server_id'],
  ] as const) {
    const numbers = numbersOf(query, filter)
    if (numbers !== undefined) select = select.where(column, 'in', numbers)
  }
  const names = wantedOf(query, 'name')
  if (names !== undefined) select = select.where('name', 'in', names)
  const rows = await select.orderBy('id').execute()
  const addresses = new Map<number, AddressRow[]>(rows.map(({ id }) => [id, []]))
  for (const address of await addressesOf(db, rows)) addresses.get(address.port_id)?.push(address)
  return rows.map((row) => portView(row, addresses.get(row.id) ?? []))
}

/** So many are asked for by their ports; of more all are read. */
const fewPorts = 500

async function addressesOf(db: Kysely<Database>, ports: readonly PortRow[]) {
  if (ports.length === 0) return []
  const query = db.selectFrom('addresses').selectAll().orderBy('id')
  const ids = ports.map(({ id }) => id)
  return await (ids.length > fewPorts ? query : query.where('port_id', 'in', ids)).execute()
}

/** What floating addresses may be filtered by. */
export const floatingIpFilters = [
  ...['id', 'floating_ip_address', 'floating_network_id', 'port_id', 'status'],
  ...['tenant_id', 'project_id', 'fixed_ip_address', 'router_id'],
] as const

/** A floating address as Neutron shows it. It is on a port of its own: nothing is translated, so it is the fixed one as well. */
export function floatingIpView(row: Selectable<FloatingIpTable>): View {
  const isUsed = row.port_id !== null
  return {
    id: String(row.id),
    floating_ip_address: row.address,
    floating_network_id: String(row.network_id),
    fixed_ip_address: isUsed ? row.address : null,
    port_id: isUsed ? String(row.port_id) : null,
    router_id: null,
    status: isUsed ? 'ACTIVE' : 'DOWN',
    tenant_id: row.project_id,
    project_id: row.project_id,
    description: '',
    tags: [],
    created_at: isoTime(row.created_ms),
    updated_at: isoTime(row.created_ms),
  }
}
