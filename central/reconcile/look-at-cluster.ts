import { type QueryRow, query } from '#central/effect/queries.js'
import { textsOf } from '#central/effect/rapi-job.js'
import type { RapiClient } from '#central/rapi/rapi-client.js'
import { isJsonArray, type JsonObject, type JsonValue } from '#ganeti/json-value.js'
import { isFinal, parseOpStatus } from '#ganeti/status.js'
import type { ClusterView, InstanceView, NetworkView } from './view.js'

/** Only what the configuration knows: for anything else Ganeti would call every node. */
export const instanceFields = [
  ...['name', 'uuid', 'pnode', 'admin_state', 'mtime', 'serial_no', 'os', 'disk_template'],
  ...['be/vcpus', 'be/maxmem', 'disk.sizes', 'tags'],
  ...['nic.names', 'nic.uuids', 'nic.macs', 'nic.ips', 'nic.networks.names'],
  ...['nic.modes', 'nic.links'],
] as const

/** Reads a cluster: jobs first, so that what began later is seen in what it did. @throws RapiError */
export async function lookAtCluster(
  client: Pick<RapiClient, 'call'>,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ClusterView> {
  const before = await busyNames(client, signal)
  const instances = await query(client, { resource: 'instance', fields: instanceFields, signal })
  const fields = ['name', 'mtime', 'group_list']
  const networks = await query(client, { resource: 'network', fields, signal })
  const after = await busyNames(client, signal)
  return {
    instances: instances.flatMap(readInstance),
    networks: networks.flatMap(readNetwork),
    busy: new Set([...before, ...after]),
  }
}

async function busyNames(
  client: Pick<RapiClient, 'call'>,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const rows = await query(client, { resource: 'job', fields: ['status', 'summary'], signal })
  return rows.flatMap(({ status, summary }) => {
    const known = parseOpStatus(status)
    if (known === undefined || isFinal(known)) return []
    return textsOf(summary).flatMap((line) => /\((.*)\)$/.exec(line)?.[1] ?? [])
  })
}

/** Reads one row of what was asked by them; nothing when it has no name. */
export function readInstance(row: QueryRow): readonly InstanceView[] {
  const name = row['name']
  if (typeof name !== 'string') return []
  return [
    {
      name,
      uuid: textOf(row['uuid']),
      node: textOf(row['pnode']),
      adminState: textOf(row['admin_state']),
      modifiedUs: microsecondsOf(row['mtime']),
      serial: numberOf(row['serial_no']),
      os: textOf(row['os']),
      diskTemplate: textOf(row['disk_template']),
      vcpus: numberOf(row['be/vcpus']),
      ramMib: numberOf(row['be/maxmem']),
      diskSizesMib: listOf(row['disk.sizes']).map(numberOf),
      nics: readNics(row),
      tags: textsOf(row['tags']),
    },
  ]
}

/** As messages have them. */
function readNics(row: QueryRow): readonly JsonObject[] {
  const tags = textsOf(row['tags'])
  const columns = {
    name: listOf(row['nic.names']),
    mac: listOf(row['nic.macs']),
    ip: listOf(row['nic.ips']),
    network: listOf(row['nic.networks.names']),
    mode: listOf(row['nic.modes']),
    link: listOf(row['nic.links']),
  }
  return listOf(row['nic.uuids']).map((uuid, index) => {
    const nic = Object.fromEntries(
      Object.entries(columns).map(([key, list]) => [key, list[index] ?? null]),
    )
    return { ...nic, uuid, firewall: firewallOf(tags, nic['name'] ?? null) }
  })
}

/** `synnefo:network:snf-nic-3:protected` */
function firewallOf(tags: readonly string[], nicName: JsonValue): string | null {
  const start = `synnefo:network:${nicName}:`
  const tag = tags.find((one) => one.startsWith(start))
  return tag === undefined ? null : tag.slice(start.length)
}

function readNetwork(row: QueryRow): readonly NetworkView[] {
  const name = row['name']
  if (typeof name !== 'string') return []
  const groups = listOf(row['group_list']).flatMap((one) =>
    isJsonArray(one) && typeof one[0] === 'string' ? [one[0]] : [],
  )
  return [{ name, modifiedUs: microsecondsOf(row['mtime']), groups }]
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function numberOf(value: JsonValue | undefined): number {
  return typeof value === 'number' ? value : 0
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return isJsonArray(value) ? value : []
}

/** Times of entries are seconds with a fraction. */
function microsecondsOf(value: JsonValue | undefined): number {
  return Math.round(numberOf(value) * 1_000_000)
}
