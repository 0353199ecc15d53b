import { type InstanceConfig, instanceConfig, type RawInstance } from './instance-config.js'
import { type Choice, createJsonScanner, type JsonPath } from './json-scanner.js'
import type { JsonValue } from './json-value.js'

/** What was found in one version of `config.data`. */
export interface FoundInstances {
  /** When Ganeti wrote this version: Unix time, by the master's clock. */
  readonly writtenSeconds: number
  /** Those of the wanted instances that are there, by name. */
  readonly instances: ReadonlyMap<string, InstanceConfig>
}

/** Looks for instances in `config.data`, slice by slice. */
export interface InstanceConfigFinder {
  write(slice: Uint8Array): void
  /** What was found; undefined when the file was not whole. */
  end(): FoundInstances | undefined
}

/** Largest single value that is taken: a list of 4096 tags, or of as many NICs as an instance can have. */
const maxValueBytes = 1024 * 1024

/** Instance keys that are taken whole; what else there is, `osparams_private` first of all, never becomes a string. */
const instanceKeys: ReadonlySet<string> = new Set([
  'hypervisor',
  'mtime',
  'nics',
  'os',
  'serial_no',
  'tags',
])
const diskKeys: ReadonlySet<string> = new Set(['mtime', 'name', 'size'])
const hypervisorKeys: ReadonlySet<string> = new Set(['boot_order', 'cdrom_image_path'])

/**
 * Opens a search for these instances. The file is keyed by UUID and may have many megabytes: of instances and disks that nobody wants
 * nothing is kept but, for the moment, a name. Disks and networks stand after the instances, in this order, in every file that
 * Ganeti writes; in a file of another order the disks of all are kept until the end.
 */
export function createInstanceConfigFinder(wanted: ReadonlySet<string>): InstanceConfigFinder {
  const instances: RawInstance[] = []
  const disks = new Map<string, Map<string, JsonValue>>()
  const wantedDisks = new Set<string>()
  const networks = new Map<string, string>()
  const inherited = { nic: new Map<string, JsonValue>(), hypervisor: new Map<string, JsonValue>() }
  let open: { readonly uuid: string; readonly instance: RawInstance } | undefined
  let hasInstances = false
  let writtenSeconds = 0

  /** The instance that is being read; UUIDs come one after the other. */
  function instanceOf(uuid: string): RawInstance {
    if (open?.uuid === uuid) return open.instance
    closeInstance()
    const instance: RawInstance = {
      name: undefined,
      fields: new Map(),
      hypervisor: new Map(),
      diskUuids: [],
    }
    open = { uuid, instance }
    return instance
  }

  function closeInstance(): void {
    const { name } = open?.instance ?? {}
    if (open !== undefined && name !== undefined && wanted.has(name)) {
      instances.push(open.instance)
      for (const disk of open.instance.diskUuids) wantedDisks.add(disk)
    }
    open = undefined
  }

  function chooseOfInstance(path: JsonPath): Choice {
    const { name } = instanceOf(String(path[1]))
    if (name !== undefined && !wanted.has(name)) return 'leave'
    const key = String(path[2])
    if (path.length === 3) {
      if (key === 'name' || instanceKeys.has(key)) return 'take'
      return key === 'disks' || key === 'hvparams' ? 'enter' : 'skip'
    }
    if (key === 'disks') return 'take'
    return hypervisorKeys.has(String(path[3])) ? 'take' : 'skip'
  }

  function chooseOfCluster(path: JsonPath): Choice {
    const [, section] = path
    if (section === 'nicparams') {
      if (path.length <= 2) return 'enter'
      if (path.length === 3) return path[2] === 'default' ? 'enter' : 'skip'
      return path[3] === 'mode' || path[3] === 'link' ? 'take' : 'skip'
    }
    const depth = section === 'hvparams' ? 3 : section === 'os_hvp' ? 4 : 0
    if (path.length <= depth) return 'enter'
    return depth > 0 && hypervisorKeys.has(String(path[depth])) ? 'take' : 'skip'
  }

  const scanner = createJsonScanner(
    {
      choose(path) {
        const [section, id, key] = path
        if (section === 'instances') {
          hasInstances = true
          return path.length <= 2 ? 'enter' : chooseOfInstance(path)
        }
        if (section === 'cluster') return path.length === 1 ? 'enter' : chooseOfCluster(path)
        if (section === 'mtime' && path.length === 1) return 'take'
        if (section === 'networks')
          return path.length <= 2 ? 'enter' : key === 'name' ? 'take' : 'skip'
        if (section !== 'disks') return 'skip'
        if (path.length === 1) {
          closeInstance()
          return 'enter'
        }
        if (path.length === 2)
          return !hasInstances || wantedDisks.has(String(id)) ? 'enter' : 'skip'
        return diskKeys.has(String(key)) ? 'take' : 'skip'
      },
      take([section, id, key, inner, last], value) {
        if (value === undefined) return
        const uuid = String(id)
        if (section === 'mtime') {
          if (typeof value === 'number') writtenSeconds = value
        } else if (section === 'cluster') {
          if (id === 'nicparams') inherited.nic.set(String(inner), value)
          if (id === 'hvparams') inherited.hypervisor.set(`${String(key)} ${String(inner)}`, value)
          if (id === 'os_hvp')
            inherited.hypervisor.set(`${String(key)} ${String(inner)} ${String(last)}`, value)
        } else if (section === 'networks') {
          if (typeof value === 'string') networks.set(uuid, value)
        } else if (section === 'disks') {
          const disk = disks.get(uuid) ?? new Map<string, JsonValue>()
          disks.set(uuid, disk)
          disk.set(String(key), value)
        } else {
          const instance = instanceOf(uuid)
          if (key === 'name') instance.name = typeof value === 'string' ? value : ''
          else if (key === 'hvparams') instance.hypervisor.set(String(inner), value)
          else if (key !== 'disks') instance.fields.set(String(key), value)
          else if (typeof value === 'string') instance.diskUuids.push(value)
        }
      },
    },
    maxValueBytes,
  )

  return {
    write: (slice) => scanner.write(slice),
    end() {
      if (!scanner.end().ok) return undefined
      closeInstance()
      const around = {
        disks,
        networks,
        nicParameters: inherited.nic,
        hypervisorParameters: inherited.hypervisor,
      }
      const found = instances.map((raw) => instanceConfig(raw, around))
      return { writtenSeconds, instances: new Map(found.map((one) => [one.name, one])) }
    },
  }
}
