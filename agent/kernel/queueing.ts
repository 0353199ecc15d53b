import { hasCode } from '#errors.js'
import type { IpVersion } from '#nic/queueing/iptables.js'
import {
  planQueueing,
  type QueueEntry,
  type QueueNumbers,
  type ServedTap,
} from '#nic/queueing/plan.js'
import { admitBridged, type BridgeRefusal, foreseeRefusals } from './br-netfilter.js'
import { type IptablesVariant, iptablesBackend } from './iptables.js'
import { canNftQueue, nftBackend } from './nft.js'
import type { QueueingBackend } from './queueing-backend.js'
import { restoreSysctls, type SysctlChange, type SysctlJournal } from './sysctl.js'

/** How queueing is managed. */
export interface QueueingOptions {
  /** `auto`: by nft where the kernel has its `queue`, else by iptables; `no`: the administrator does it. */
  readonly manage: 'auto' | 'nft' | 'iptables' | 'no'
  readonly numbers: QueueNumbers
  readonly journal: SysctlJournal
  /** For tests: which iptables. */
  readonly iptablesVariant?: IptablesVariant
}

/** How queueing stands. */
export interface QueueingOutcome {
  /** Who put the rules in place. */
  readonly manager: 'nft' | 'iptables' | 'no'
  /** Entries that are in place, {@link QueueEntry}. */
  readonly entryCount: number
  /** Taps whose packets no hook sees. */
  readonly unreachable: readonly string[]
  /** Protocols that bridged taps are not served in, and why. */
  readonly refusals: readonly BridgeRefusal[]
}

/** The rules that bring guests' packets into the queues. */
export interface Queueing {
  readonly manager: 'nft' | 'iptables' | 'no'
  /** Makes the rules fit these taps; a tap more or less costs one small command. Calls must not overlap. */
  apply(taps: Iterable<ServedTap>): Promise<QueueingOutcome>
  /** Looks whether all is as the last `apply` left it and repairs it; what was wrong, one sentence each. */
  check(): Promise<readonly string[]>
}

/** Finds out who manages and gives the means; nothing is put in place before the first `apply`. */
export async function openQueueing(options: QueueingOptions): Promise<Queueing> {
  if (options.manage === 'no') return unmanaged()
  const { own: backend, other } = await chooseBackends(options)
  let wanted: readonly ServedTap[] = []
  let inPlace: ReadonlyMap<string, QueueEntry> | undefined

  const make = async (hasToBeNew: boolean): Promise<QueueingOutcome> => {
    // rules of both at once would queue each packet twice
    if (inPlace === undefined) await other.remove()
    const { entries, unreachable } = planQueueing(wanted)
    const refusals =
      backend.name === 'nft' ? [] : await admitBridged(bridgedVersions(entries), options.journal)
    const allowed = withoutRefused(entries, refusals)
    const isFirst = inPlace === undefined || inPlace.size === 0
    if (allowed.size === 0) await removeIfAny(backend, inPlace)
    else if (hasToBeNew || isFirst) await backend.install(allowed)
    else await changeOrInstall(backend, inPlace ?? allowed, allowed)
    inPlace = allowed
    return { manager: backend.name, entryCount: allowed.size, unreachable, refusals }
  }
  return {
    manager: backend.name,
    apply(taps) {
      wanted = [...taps]
      return make(false)
    },
    async check() {
      if (inPlace === undefined) return []
      const drift = inPlace.size === 0 ? [] : await backend.drift(inPlace)
      await make(drift.length > 0)
      return drift
    },
  }
}

/** What {@link removeQueueing} found. */
export interface QueueingRemoval {
  /** Whose rules were there. */
  readonly removed: readonly ('nft' | 'iptables')[]
  readonly restored: readonly SysctlChange[]
}

/**
 * Removes all rules of ours, whoever of the two made them, and sets back the sysctls that were changed.
 * @throws AgentError PROGRAM_FAILED when something is there and does not go
 */
export async function removeQueueing({
  numbers,
  journal,
  iptablesVariant = '',
}: Pick<QueueingOptions, 'numbers' | 'journal' | 'iptablesVariant'>): Promise<QueueingRemoval> {
  const removed: ('nft' | 'iptables')[] = []
  for (const backend of [nftBackend(numbers), iptablesBackend(numbers, iptablesVariant)]) {
    if (await backend.remove()) removed.push(backend.name)
  }
  return { removed, restored: await restoreSysctls(journal) }
}

/** What is otherwise than these taps ask, for those who look and do not touch. */
export async function inspectQueueing(
  options: Omit<QueueingOptions, 'journal'>,
  taps: Iterable<ServedTap>,
): Promise<{
  readonly manager: 'nft' | 'iptables'
  readonly drift: readonly string[]
  readonly refusals: readonly BridgeRefusal[]
}> {
  const backend = (await chooseBackends(options)).own
  const { entries } = planQueueing(taps)
  const refusals = backend.name === 'nft' ? [] : await foreseeRefusals(bridgedVersions(entries))
  const allowed = withoutRefused(entries, refusals)
  const drift = allowed.size === 0 ? [] : await backend.drift(allowed)
  return { manager: backend.name, drift, refusals }
}

async function chooseBackends({
  manage,
  numbers,
  iptablesVariant = '',
}: Omit<QueueingOptions, 'journal'>): Promise<{
  readonly own: QueueingBackend
  readonly other: QueueingBackend
}> {
  const nft = nftBackend(numbers)
  const iptables = iptablesBackend(numbers, iptablesVariant)
  const isNft = manage === 'nft' || (manage !== 'iptables' && (await canNftQueue()))
  return isNft ? { own: nft, other: iptables } : { own: iptables, other: nft }
}

function unmanaged(): Queueing {
  return {
    manager: 'no',
    async apply(taps) {
      const { unreachable } = planQueueing(taps)
      return { manager: 'no', entryCount: 0, unreachable, refusals: [] }
    },
    async check() {
      return []
    },
  }
}

/** A host on which no network is served is left without a trace of ours. */
async function removeIfAny(
  backend: QueueingBackend,
  inPlace: ReadonlyMap<string, QueueEntry> | undefined,
): Promise<void> {
  if (inPlace === undefined || inPlace.size > 0) await backend.remove()
}

async function changeOrInstall(
  backend: QueueingBackend,
  from: ReadonlyMap<string, QueueEntry>,
  to: ReadonlyMap<string, QueueEntry>,
): Promise<void> {
  if (from.size === to.size && [...to.keys()].every((key) => from.has(key))) return
  try {
    await backend.change(from, to)
  } catch (error) {
    if (!hasCode(error, 'PROGRAM_FAILED')) throw error
    await backend.install(to) // somebody changed the rules since: all of them anew
  }
}

function bridgedVersions(entries: ReadonlyMap<string, QueueEntry>): readonly IpVersion[] {
  const versions = new Set<IpVersion>()
  for (const entry of entries.values())
    if (entry.place === 'bridged') versions.add(versionOf(entry))
  return [...versions]
}

function withoutRefused(
  entries: ReadonlyMap<string, QueueEntry>,
  refusals: readonly BridgeRefusal[],
): ReadonlyMap<string, QueueEntry> {
  const refused = refusals.map(({ version }) => version)
  if (refused.length === 0) return entries
  return new Map(
    [...entries].filter(
      ([, entry]) => entry.place === 'routed' || !refused.includes(versionOf(entry)),
    ),
  )
}

function versionOf({ service }: QueueEntry): IpVersion {
  return service === 'dhcp4' ? 4 : 6
}
