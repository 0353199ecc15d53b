import { firewallProfileOf } from '#central/server/firewall.js'
import type { ServerRow } from '#central/server/server-room.js'
import { serverStatus } from '#central/state/status.js'

/** A port of a server's with one of its addresses, or with none. */
export interface PortAddress {
  readonly server_id: number | null
  readonly port_id: number
  readonly network_id: number
  readonly network_name: string
  readonly mac: string | null
  readonly state: string
  readonly firewall: string | null
  readonly address: string | null
  readonly ip_version: 4 | 6 | null
  readonly floating_ip_id: number | null
}

/** What the install of a server told last. */
export interface Diagnostic {
  readonly level: string
  readonly created_ms: number
  readonly source: string
  readonly source_us: number
  readonly message: string
  readonly details: string
}

/** Everything that a server's view is made of. */
export interface ServerParts {
  readonly row: ServerRow
  readonly metadata: Readonly<Record<string, string>>
  readonly ports: readonly PortAddress[]
  readonly diagnostic: Diagnostic | undefined
}

/** For whom a view is. */
export interface ViewOptions {
  /** Of the API, without a slash at its end. */
  readonly url: string
  readonly isAdmin: boolean
  readonly microversion: number
  /** Tells tenants which of their servers are on one node, and not which node that is. */
  readonly hostIdOf: (projectId: string, node: string) => string
}

/** Synnefo's words for what is being done (`reference` of its Compute API). */
const synnefoTasks: Readonly<Record<NonNullable<ServerRow['task']>, string>> = {
  CREATE: 'BUILDING',
  START: 'STARTING',
  STOP: 'STOPPING',
  REBOOT: 'REBOOTING',
  HARD_REBOOT: 'REBOOTING',
  DESTROY: 'DESTROYING',
  RESIZE: 'RESIZING',
  REBUILD: 'REBUILDING',
  CONNECT: 'CONNECTING',
  DISCONNECT: 'DISCONNECTING',
  FIREWALL: '',
  RENAME: '',
}

const withProgress = new Set(['ACTIVE', 'BUILD', 'REBUILD', 'RESIZE', 'VERIFY_RESIZE'])

/** A server in short. */
export function shortServer({ id, name }: Pick<ServerRow, 'id' | 'name'>, url: string) {
  return { id: String(id), name, links: links(url, `servers/${id}`) }
}

/**
 * A server as Nova shows it (2.1 to 2.6), with Synnefo's additions.
 *
 * One literal, and what is only sometimes there put to it after: spread into it, it would take twice as long, which is felt with a
 * thousand servers.
 */
export function serverView(
  { row, metadata, ports, diagnostic }: ServerParts,
  options: ViewOptions,
) {
  const { url, isAdmin, microversion } = options
  const { status, taskState, vmState, powerState } = serverStatus(row)
  const created = isoTime(row.created_ms)
  const view: Record<string, unknown> = {
    id: String(row.id),
    name: row.name,
    links: links(url, `servers/${row.id}`),
    status,
    tenant_id: row.project_id,
    user_id: row.user_id,
    metadata,
    hostId: row.node === null ? '' : options.hostIdOf(row.project_id, row.node),
    image:
      row.image_id === null
        ? ''
        : { id: row.image_id, links: bookmark(url, `images/${row.image_id}`) },
    flavor: { id: row.flavor_id, links: bookmark(url, `flavors/${row.flavor_id}`) },
    created,
    updated: row.updated_ms === row.created_ms ? created : isoTime(row.updated_ms),
    addresses: addressesOf(ports),
    accessIPv4: '',
    accessIPv6: '',
    'OS-DCF:diskConfig': 'MANUAL',
    'OS-EXT-AZ:availability_zone': 'nova',
    config_drive: '',
    key_name: row.key_name,
    'OS-SRV-USG:launched_at': row.power === 'BUILD' ? null : usageTime(created),
    'OS-SRV-USG:terminated_at': row.deleted_ms === null ? null : usageTime(isoTime(row.deleted_ms)),
    security_groups: [{ name: 'default' }],
    'OS-EXT-STS:task_state': taskState,
    'OS-EXT-STS:vm_state': vmState,
    'OS-EXT-STS:power_state': powerState,
    'os-extended-volumes:volumes_attached': [],
    attachments: attachmentsOf(ports),
    diagnostics: diagnostic === undefined ? [] : [diagnosticView(diagnostic)],
    'SNF:task_state': row.task === null ? '' : synnefoTasks[row.task],
    suspended: false,
    deleted: row.deleted_ms !== null,
  }
  if (withProgress.has(status)) view['progress'] = status === 'ACTIVE' ? 100 : row.progress
  if (status === 'ERROR') view['fault'] = faultOf(row)
  return isAdmin ? Object.assign(view, adminView(row, microversion)) : view
}

/** `addresses`: each network's name with the addresses in it. */
export function addressesOf(ports: readonly PortAddress[]) {
  const networks: Record<string, unknown[]> = {}
  for (const { address, ip_version, network_name, floating_ip_id, mac } of ports) {
    if (address === null) continue
    networks[network_name] ??= []
    networks[network_name].push({
      version: ip_version,
      addr: address,
      'OS-EXT-IPS:type': floating_ip_id === null ? 'fixed' : 'floating',
      'OS-EXT-IPS-MAC:mac_addr': mac ?? '',
    })
  }
  return networks
}

/** Synnefo's `attachments`: ports that are there, with one address of each kind. */
export function attachmentsOf(ports: readonly PortAddress[]) {
  const attachments = new Map<number, Record<string, unknown>>()
  for (const port of ports) {
    if (port.state !== 'ACTIVE') continue
    const attachment: Record<string, unknown> = attachments.get(port.port_id) ?? {
      id: String(port.port_id),
      network_id: String(port.network_id),
      mac_address: port.mac ?? '',
      ipv4: '',
      ipv6: '',
      'OS-EXT-IPS:type': port.floating_ip_id === null ? 'fixed' : 'floating',
    }
    if (port.firewall !== null) attachment['firewallProfile'] = firewallProfileOf(port.firewall)
    if (port.address !== null) attachment[port.ip_version === 6 ? 'ipv6' : 'ipv4'] = port.address
    attachments.set(port.port_id, attachment)
  }
  return [...attachments.values()]
}

/** Synnefo's view of what an install told. */
export function diagnosticView(diagnostic: Diagnostic) {
  return {
    level: diagnostic.level,
    created: isoTime(diagnostic.created_ms),
    source: diagnostic.source,
    source_date: isoTime(diagnostic.source_us / 1000),
    message: diagnostic.message,
    details: diagnostic.details,
  }
}

/** `2026-11-30T19:20:21Z`. */
export function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** `self` and `bookmark`. */
export function links(url: string, path: string) {
  return [{ rel: 'self', href: `${url}/compute/v2.1/${path}` }, ...bookmark(url, path)]
}

/** `bookmark` alone. */
export function bookmark(url: string, path: string) {
  return [{ rel: 'bookmark', href: `${url}/compute/${path}` }]
}

function usageTime(time: string): string {
  return time.replace('Z', '.000000')
}

function faultOf({ fault_code, fault_message, fault_ms, updated_ms }: ServerRow) {
  return {
    code: fault_code ?? 500,
    message: fault_message ?? 'the operation failed',
    created: isoTime(fault_ms ?? updated_ms),
  }
}

function adminView(row: ServerRow, microversion: number) {
  return {
    'OS-EXT-SRV-ATTR:host': row.node,
    'OS-EXT-SRV-ATTR:hypervisor_hostname': row.node,
    'OS-EXT-SRV-ATTR:instance_name': row.instance_name,
    ...(microversion >= 3 && {
      'OS-EXT-SRV-ATTR:hostname': row.name,
      'OS-EXT-SRV-ATTR:kernel_id': '',
      'OS-EXT-SRV-ATTR:launch_index': 0,
      'OS-EXT-SRV-ATTR:ramdisk_id': '',
      'OS-EXT-SRV-ATTR:reservation_id': '',
      'OS-EXT-SRV-ATTR:root_device_name': null,
      'OS-EXT-SRV-ATTR:user_data': null,
    }),
  }
}
