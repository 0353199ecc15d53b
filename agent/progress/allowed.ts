import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '#ganeti/json-value.js'

/** Parameters of a NIC that leave the node. */
const nicKeys = new Set(['bridge', 'ip', 'link', 'mac', 'mode', 'name', 'network', 'uuid', 'vlan'])

/** Parameters of a disk that leave the node; provider-specific ones do not. */
const diskKeys = new Set([
  'access',
  'metavg',
  'mode',
  'name',
  'size',
  'snapshot_info',
  'spindles',
  'uuid',
  'vg',
])

/** Backend parameters: sizes and switches, all of them. */
const backendKeys = new Set([
  'always_failover',
  'auto_balance',
  'maxmem',
  'memory',
  'minmem',
  'spindle_use',
  'vcpus',
])

/** Hypervisor parameters without paths of secrets, kernel arguments or free command lines. */
const hypervisorKeys = new Set([
  'acpi',
  'boot_order',
  'cdrom_disk_type',
  'cdrom_image_path',
  'cpu_type',
  'disk_cache',
  'disk_type',
  'machine_version',
  'nic_type',
  'serial_console',
  'use_localtime',
  'vhost_net',
])

const lists = { nics: nicKeys, disks: diskKeys } as const
const objects = { beparams: backendKeys, hvparams: hypervisorKeys } as const

/**
 * A `nics` or `disks` parameter with the keys that may leave the node. Both shapes of Ganeti: a list of objects
 * (create) and a list of `[action, identifier, parameters]` (set-params). Null for anything else.
 */
export function allowedList(which: keyof typeof lists, value: JsonValue | undefined): JsonValue {
  if (!isJsonArray(value)) return null
  return value.map((item) => {
    if (isJsonObject(item)) return pick(item, lists[which])
    if (!isJsonArray(item)) return null
    return item.map((part) => (isJsonObject(part) ? pick(part, lists[which]) : scalar(part)))
  })
}

/** A `beparams` or `hvparams` parameter with the keys that may leave the node; null for anything but an object. */
export function allowedObject(
  which: keyof typeof objects,
  value: JsonValue | undefined,
): JsonValue {
  return isJsonObject(value) ? pick(value, objects[which]) : null
}

/** Whether a hypervisor parameter may leave the node. */
export function isHypervisorKeyAllowed(key: string): boolean {
  return hypervisorKeys.has(key)
}

/** A value without structure, else null. */
export function scalar(value: JsonValue | undefined): JsonValue {
  return value === undefined || typeof value === 'object' ? null : value
}

/** A text without the user and password of URLs in it: parameters may be such URLs, and Ganeti's errors quote them. */
export function withoutUserinfo(text: string): string {
  return text.replace(/\/\/[^/\s]*@/g, '//')
}

/** Members that may leave, without structure of their own: what is deeper was on no list. */
function pick(source: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(
    Object.entries(source).flatMap(([key, value]) => {
      if (!keys.has(key)) return []
      const plain = scalar(value)
      return [[key, typeof plain === 'string' ? withoutUserinfo(plain) : plain]]
    }),
  )
}
