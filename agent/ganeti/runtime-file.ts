import { err, ok, type Result } from '#result.js'
import {
  address,
  kinds,
  label,
  type NicSource,
  network,
  optional,
  required,
  tagList,
} from './nic-values.js'
import type { NetworkDescription, NicDescription } from './nic-words.js'

/** What a running instance's runtime file says of it. */
export interface RuntimeFile {
  /** In Ganeti's order: the place in this list is not the number of the NIC's tap file, which stays when others are removed. */
  readonly nics: readonly NicDescription[]
  /** NICs that could not be read, each with a sentence of printable ASCII. */
  readonly problems: readonly string[]
}

/** Most NICs that are read; Ganeti allows eight. */
const maxNics = 64

/**
 * Reads `conf/INSTANCE.runtime` of the KVM hypervisor: a JSON list whose second member is the NICs as they run, whatever the
 * configuration says by now (hv_kvm _SaveKVMRuntime). Never throws.
 * @returns the problem of a text that is no such list
 */
export function parseRuntimeFile(text: string): Result<RuntimeFile, string> {
  const value = parseJson(text)
  const list: unknown = Array.isArray(value) ? value[1] : undefined
  if (!Array.isArray(list))
    return err('is no runtime file: it wants a JSON list with a list of NICs')
  if (list.length > maxNics) return err(`has ${list.length} NICs; at most ${maxNics} are read`)
  const problems: string[] = []
  const nics = list.flatMap((nic: unknown, place) => {
    const described = describe(nic, (problem) => {
      problems.push(`NIC ${place}: ${problem}`)
    })
    return described === undefined ? [] : [described]
  })
  return ok({ nics, problems })
}

function describe(value: unknown, note: (problem: string) => void): NicDescription | undefined {
  let hasProblem = false
  const source = sourceOf(value, (problem) => {
    hasProblem = true
    note(problem)
  })
  const parameters = within(value, 'nicparams', source.note)
  const mode = required(parameters, 'mode', kinds.mode)
  const uuid = required(source, 'uuid', kinds.uuid)
  const mac = required(source, 'mac', kinds.mac)
  const isPlugged = mode === 'bridged' || mode === 'openvswitch'
  const rest = {
    name: label(source, 'name', () => {}),
    link: isPlugged
      ? (required(parameters, 'link', kinds.ifName) ?? '')
      : (optional(parameters, 'link', kinds.link) ?? ''),
    vlan: optional(parameters, 'vlan', kinds.vlan),
    ...address(source, 'ip'),
    network: networkOf(value, source.note),
  }
  if (hasProblem || mode === undefined || uuid === undefined || mac === undefined) return undefined
  return { mode, uuid, mac, ...rest }
}

function networkOf(nic: unknown, note: NicSource['note']): NetworkDescription | undefined {
  const info = memberOf(nic, 'netinfo')
  if (info === undefined) return undefined
  const tags = memberOf(info, 'tags')
  return network(sourceOf(info, note), {
    warn: () => {},
    name: 'name',
    uuid: 'uuid',
    tags: tagList(Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []),
    of: {
      subnet: 'network',
      gateway: 'gateway',
      subnet6: 'network6',
      gateway6: 'gateway6',
      macPrefix: 'mac_prefix',
    },
  })
}

function within(value: unknown, name: string, note: NicSource['note']): NicSource {
  return sourceOf(memberOf(value, name), note)
}

/** Members of an object as texts; what is no text is as good as absent where it is optional. */
function sourceOf(value: unknown, note: NicSource['note']): NicSource {
  return {
    text: (name) => {
      const member = memberOf(value, name)
      return typeof member === 'string' ? member : undefined
    },
    note,
  }
}

/** A member that is the object's own; null is absent. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  const member: unknown = Reflect.get(value, name)
  return member ?? undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
