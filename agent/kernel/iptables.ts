import { hasCode } from '#errors.js'
import {
  type IptablesState,
  type IpVersion,
  iptablesChangeText,
  iptablesDesired,
  iptablesDrift,
  iptablesRemoveText,
  iptablesTable,
  readIptablesSave,
} from '#nic/queueing/iptables.js'
import type { QueueEntry, QueueNumbers } from '#nic/queueing/plan.js'
import type { QueueingBackend } from './queueing-backend.js'
import { runOk } from './run-program.js'

/** Which of the two implementations: the one that the system has chosen, or one by name. */
export type IptablesVariant = '' | '-nft' | '-legacy'

/** Seconds that iptables waits for another that holds its lock. */
const lockSeconds = '10'

const versions: readonly IpVersion[] = [4, 6]

/** Queueing by the target NFQUEUE of iptables and ip6tables; each of the two is changed in one step. */
export function iptablesBackend(
  numbers: QueueNumbers,
  variant: IptablesVariant = '',
): QueueingBackend {
  async function become(
    version: IpVersion,
    current: IptablesState,
    entries: ReadonlyMap<string, QueueEntry>,
  ): Promise<void> {
    const desired = iptablesDesired(version, { numbers, entries: entries.values() })
    const text = iptablesChangeText(current, desired)
    if (text !== undefined) await restore(version, variant, text)
  }

  return {
    name: 'iptables',
    async install(entries) {
      for (const version of versions) {
        await become(version, await readState(version, variant), entries)
      }
    },
    async change(from, to) {
      for (const version of versions) {
        await become(version, iptablesDesired(version, { numbers, entries: from.values() }), to)
      }
    },
    async drift(entries) {
      const found = await Promise.all(
        versions.map(async (version) => {
          const desired = iptablesDesired(version, { numbers, entries: entries.values() })
          return iptablesDrift(await readState(version, variant), desired)
        }),
      )
      return found.flat()
    },
    async remove() {
      let had = false
      for (const version of versions) {
        const text = iptablesRemoveText(await readStateIfAny(version, variant))
        if (text === undefined) continue
        await restore(version, variant, text)
        had = true
      }
      return had
    },
  }
}

/** The name of one of the programs: `ip6tables-legacy-save`. */
export function iptablesProgram(
  version: IpVersion,
  variant: IptablesVariant,
  verb: 'save' | 'restore',
): string {
  return `ip${version === 6 ? '6' : ''}tables${variant}-${verb}`
}

async function readState(version: IpVersion, variant: IptablesVariant): Promise<IptablesState> {
  const text = await runOk(iptablesProgram(version, variant, 'save'), ['-t', iptablesTable])
  return readIptablesSave(text)
}

/** Where iptables is missing or the kernel has none of it, nothing of ours can be there. */
async function readStateIfAny(
  version: IpVersion,
  variant: IptablesVariant,
): Promise<IptablesState> {
  try {
    return await readState(version, variant)
  } catch (error) {
    if (hasCode(error, 'PROGRAM_FAILED')) return { jumps: [], chains: new Map() }
    throw error
  }
}

async function restore(version: IpVersion, variant: IptablesVariant, text: string): Promise<void> {
  const program = iptablesProgram(version, variant, 'restore')
  await runOk(program, ['--noflush', '-w', lockSeconds], text)
}
