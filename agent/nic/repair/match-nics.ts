import type { IfName } from '#addr/if-name.js'
import type { NicDescription } from '#ganeti/nic-words.js'
import { nicOfRuntime } from '#nic/ganeti-nic.js'
import type { Nic } from '#nic/nic.js'
import type { NicRecord } from '#nic/record.js'
import type { ObservedLink } from './host-state.js'

/** What is known of a running instance. */
export interface InstanceFacts {
  readonly name: string
  readonly nics: readonly NicDescription[]
  /** By the numbers of their files. */
  readonly taps: readonly { readonly number: number; readonly tap: IfName }[]
  /** As the master has told; undefined: never. They count where they are newer than the record. */
  readonly tags: { readonly tags: readonly string[]; readonly timeSeconds: number } | undefined
}

/** The NICs of a running instance with their taps. */
export interface MatchedNics {
  readonly nics: readonly Nic[]
  /** Taps of the instance of which nobody can say which NIC they are. */
  readonly unknown: readonly IfName[]
}

/**
 * Which tap belongs to which NIC. Ganeti's runtime file has NICs without taps, its tap files have numbers that are used again after
 * a NIC was plugged out; so the record of a tap decides first, then the hardware address that a bridged tap was given, then order
 * where as many taps as NICs are left.
 */
export function matchNics(
  instance: InstanceFacts,
  {
    records,
    links,
  }: {
    readonly records: ReadonlyMap<IfName, NicRecord>
    readonly links: ReadonlyMap<string, ObservedLink>
  },
): MatchedNics {
  const places = new Map<IfName, number>()
  const free = (place: number): boolean => ![...places.values()].includes(place)
  const candidates = [...instance.nics.keys()]
  const taps = tapsOf(instance, records).filter((tap) => links.has(tap))
  const goodRecord = (tap: IfName): NicRecord | undefined => {
    const record = records.get(tap)
    const isGood =
      record?.ifindex === links.get(tap)?.ifindex && record?.nic.instance === instance.name
    return isGood ? record : undefined
  }
  const assign = (tap: IfName, found: readonly number[]): void => {
    const [place] = found
    if (found.length === 1 && place !== undefined) places.set(tap, place)
  }
  for (const tap of taps) {
    const uuid = goodRecord(tap)?.nic.uuid
    if (uuid === undefined) continue
    assign(
      tap,
      candidates.filter((place) => free(place) && instance.nics[place]?.uuid === uuid),
    )
  }
  const left = (): readonly IfName[] => taps.filter((tap) => !places.has(tap))
  for (const tap of left()) {
    const tail = links.get(tap)?.mac?.slice(2)
    assign(
      tap,
      candidates.filter((place) => free(place) && instance.nics[place]?.mac.slice(2) === tail),
    )
  }
  const rest = candidates.filter(free)
  if (rest.length === left().length)
    for (const [at, tap] of left().entries()) assign(tap, rest.slice(at, at + 1))
  const nics = [...places].flatMap(([tap, place]) => {
    const described = instance.nics[place]
    const record = goodRecord(tap)
    const isNewer = (instance.tags?.timeSeconds ?? 0) > (record?.atSeconds ?? 0) - maxSkewSeconds
    const instanceTags = isNewer ? instance.tags?.tags : record?.nic.instanceTags
    return described === undefined
      ? []
      : [nicOfRuntime({ tap, instance: instance.name, index: place, described, instanceTags })]
  })
  // a guest that arrives has no runtime file before it is here (hv_kvm FinalizeMigrationDst): its taps are pending
  const unknown = instance.nics.length === 0 ? [] : left()
  return { nics: nics.sort((a, b) => a.index - b.index), unknown }
}

/** By how much clocks of a cluster's nodes may differ (constants.NODE_MAX_CLOCK_SKEW): tags are told by the master's. */
const maxSkewSeconds = 150

/** In the order of their numbers; then those that only records know, for a number that was used again has hidden them. */
function tapsOf(
  { name, taps }: InstanceFacts,
  records: ReadonlyMap<IfName, NicRecord>,
): readonly IfName[] {
  const recorded = [...records].flatMap(([tap, { nic }]) => (nic.instance === name ? [tap] : []))
  return [...new Set([...taps.map(({ tap }) => tap), ...recorded])]
}
