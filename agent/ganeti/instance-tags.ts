import { createJsonScanner } from './json-scanner.js'
import { isJsonArray } from './json-value.js'

/** What the cluster says of an instance. */
export interface InstanceTags {
  readonly instance: string
  /** Name of its primary node. */
  readonly node: string
  readonly tags: readonly string[]
}

/** Looks for instances in `config.data`, slice by slice. */
export interface InstanceTagsFinder {
  write(slice: Uint8Array): void
  /** Those of the wanted instances that are there; undefined when the file was not whole. */
  end(): readonly InstanceTags[] | undefined
}

/** Largest list of tags that is taken: Ganeti's limit is 4096 tags of 128 characters, ours what a node takes. */
const maxTagsBytes = 65_536

/**
 * Opens a search for the tags of these instances. The file holds secrets (`osparams_private`) and may have many megabytes: nothing
 * else of it is built.
 */
export function createInstanceTagsFinder(wanted: ReadonlySet<string>): InstanceTagsFinder {
  const nodes = new Map<string, string>()
  const instances = new Map<string, { name?: string; node?: string; tags?: readonly string[] }>()
  const scanner = createJsonScanner(
    {
      choose([section, uuid, key]) {
        if (key === undefined)
          return section === 'nodes' || section === 'instances' ? 'enter' : 'skip'
        const name = section === 'instances' ? instances.get(String(uuid))?.name : undefined
        if (name !== undefined && !wanted.has(name)) return 'leave' // half of the file is spared
        const keys = section === 'nodes' ? nodeKeys : instanceKeys
        return keys.has(String(key)) ? 'take' : 'skip'
      },
      take([section, uuid, key], value) {
        const id = String(uuid)
        if (section === 'nodes') {
          if (typeof value === 'string') nodes.set(id, value)
          return
        }
        const instance = instances.get(id) ?? {}
        instances.set(id, instance)
        if (key === 'name' && typeof value === 'string') instance.name = value
        if (key === 'primary_node' && typeof value === 'string') instance.node = value
        if (key === 'tags' && value !== undefined && isJsonArray(value))
          instance.tags = value.filter((tag) => typeof tag === 'string')
      },
    },
    maxTagsBytes,
  )
  return {
    write: (slice) => scanner.write(slice),
    end() {
      if (!scanner.end().ok) return undefined
      return [...instances.values()].flatMap(({ name, node, tags }) => {
        const nodeName = nodes.get(node ?? '')
        const isWanted = name !== undefined && nodeName !== undefined && wanted.has(name)
        return isWanted && tags !== undefined ? [{ instance: name, node: nodeName, tags }] : []
      })
    },
  }
}

const nodeKeys: ReadonlySet<string> = new Set(['name'])
const instanceKeys: ReadonlySet<string> = new Set(['name', 'primary_node', 'tags'])
