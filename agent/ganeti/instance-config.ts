import { isJsonArray, isJsonObject, type JsonValue } from './json-value.js'

/** What the cluster's configuration says of an instance: what messages show of it, inherited values filled in. */
export interface InstanceConfig {
  readonly name: string
  /** Counts the changes of the instance's own entry. */
  readonly serialNo: number
  /** When the entry, or that of one of its disks, was changed last: Unix time, by the master's clock. */
  readonly changedSeconds: number
  readonly tags: readonly string[]
  /** In order of their index. */
  readonly nics: readonly ConfigNic[]
  readonly disks: readonly ConfigDisk[]
  /** Of the hypervisor's parameters only these two; null where the hypervisor has no such parameter. */
  readonly bootOrder: string | null
  readonly cdromImagePath: string | null
}

/** A NIC as the configuration has it. */
export interface ConfigNic {
  readonly name: string | null
  readonly uuid: string | null
  /** Name of its network. */
  readonly network: string | null
  readonly ip: string | null
  readonly mac: string | null
  readonly mode: string | null
  readonly link: string | null
}

/** A disk as the configuration has it. */
export interface ConfigDisk {
  readonly name: string | null
  readonly uuid: string
  readonly sizeMebibytes: number
}

/** The values of an entry that were taken out of `config.data`. */
export interface RawInstance {
  name: string | undefined
  readonly fields: Map<string, JsonValue>
  readonly hypervisor: Map<string, JsonValue>
  readonly diskUuids: string[]
}

/** What an entry refers to, and inherits. */
export interface Surroundings {
  /** UUID -> taken values. */
  readonly disks: ReadonlyMap<string, ReadonlyMap<string, JsonValue>>
  /** UUID -> name. */
  readonly networks: ReadonlyMap<string, string>
  readonly nicParameters: ReadonlyMap<string, JsonValue>
  /** `<hypervisor> <key>` and, stronger, `<os> <hypervisor> <key>` -> value. */
  readonly hypervisorParameters: ReadonlyMap<string, JsonValue>
}

/** The instance of an entry: references become names, what is not set is inherited. */
export function instanceConfig(raw: RawInstance, around: Surroundings): InstanceConfig {
  const { fields, hypervisor, diskUuids } = raw
  const disks = diskUuids.flatMap((uuid) => {
    const disk = around.disks.get(uuid)
    return disk === undefined ? [] : [{ uuid, disk }]
  })
  const nics = fields.get('nics')
  const kind = `${text(fields.get('hypervisor'))} `
  const os = `${text(fields.get('os'))} `
  const parameter = (key: string) =>
    text(
      hypervisor.get(key) ??
        around.hypervisorParameters.get(`${os}${kind}${key}`) ??
        around.hypervisorParameters.get(`${kind}${key}`),
    )
  const tags = fields.get('tags')
  return {
    name: raw.name ?? '',
    serialNo: number(fields.get('serial_no')),
    changedSeconds: Math.max(
      number(fields.get('mtime')),
      ...disks.map(({ disk }) => number(disk.get('mtime'))),
    ),
    tags: isJsonArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [],
    nics: isJsonArray(nics) ? nics.map((nic) => assembleNic(nic, around)) : [],
    disks: disks.map(({ uuid, disk }) => ({
      uuid,
      name: text(disk.get('name')),
      sizeMebibytes: number(disk.get('size')),
    })),
    bootOrder: parameter('boot_order'),
    cdromImagePath: parameter('cdrom_image_path'),
  }
}

function assembleNic(value: JsonValue, { networks, nicParameters }: Surroundings): ConfigNic {
  const nic = isJsonObject(value) ? value : {}
  const own = isJsonObject(nic['nicparams']) ? nic['nicparams'] : {}
  const network = text(nic['network'])
  return {
    name: text(nic['name']),
    uuid: text(nic['uuid']),
    network: network === null ? null : (networks.get(network) ?? null),
    ip: text(nic['ip']),
    mac: text(nic['mac']),
    mode: text(own['mode'] ?? nicParameters.get('mode')),
    link: text(own['link'] ?? nicParameters.get('link')),
  }
}

function text(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null
}

function number(value: JsonValue | undefined): number {
  return typeof value === 'number' ? value : 0
}
