import type { SubnetRow } from '#central/network/subnets.js'
import { isoTime } from './iso-time.js'
import type { View } from './neutron-list.js'

/** What subnets may be filtered by. */
export const subnetFilters = [
  ...['id', 'name', 'network_id', 'tenant_id', 'project_id', 'cidr', 'ip_version'],
  ...['gateway_ip', 'enable_dhcp'],
] as const

/** A subnet as Neutron shows it. */
export function subnetView(row: SubnetRow, projectId: string | null): View {
  const slaac = row.is_slaac === 1 ? 'slaac' : null
  return {
    id: String(row.id),
    name: row.name,
    network_id: String(row.network_id),
    tenant_id: projectId ?? '',
    project_id: projectId ?? '',
    ip_version: row.ip_version,
    cidr: row.cidr,
    gateway_ip: row.gateway_ip,
    enable_dhcp: row.is_dhcp === 1,
    dns_nameservers: JSON.parse(row.dns_nameservers),
    host_routes: JSON.parse(row.host_routes),
    allocation_pools: JSON.parse(row.allocation_pools),
    ipv6_address_mode: slaac,
    ipv6_ra_mode: slaac,
    subnetpool_id: null,
    service_types: [],
    description: '',
    tags: [],
    created_at: isoTime(row.created_ms),
    updated_at: isoTime(row.updated_ms),
  }
}
