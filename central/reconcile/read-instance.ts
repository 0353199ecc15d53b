import type { QueryRow } from '#central/effect/queries.js'
import { textsOf } from '#central/effect/rapi-job.js'
import type { JsonObject, JsonValue } from '#ganeti/json-value.js'
import { listOf, microsecondsOf, numberOf, textOf } from './cells.js'
import type { InstanceView } from './view.js'

/** Only what the configuration knows: for anything else Ganeti would call every node. */
export const instanceFields = [
  ...['name', 'uuid', 'pnode', 'admin_state', 'mtime', 'serial_no', 'os', 'disk_template'],
  ...['be/vcpus', 'be/maxmem', 'disk.sizes', 'tags'],
  ...['nic.names', 'nic.uuids', 'nic.macs', 'nic.ips', 'nic.networks.names'],
  ...['nic.modes', 'nic.links'],
] as const

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
