import { AgentError, hasCode, systemCode } from '#errors.js'
import {
  type NftFamily,
  nftChangeScript,
  nftFamilies,
  nftInstallScript,
  nftProbeScript,
  nftRemoveScript,
  nftTable,
} from '#nic/queueing/nft.js'
import { nftDrift, readNftListing } from '#nic/queueing/nft-listing.js'
import { entryChanges, type QueueNumbers } from '#nic/queueing/plan.js'
import type { QueueingBackend } from './queueing-backend.js'
import { type ProgramLimits, runOk, runProgram } from './run-program.js'

/** Queueing by nft's `queue` statement. */
export function nftBackend(numbers: QueueNumbers): QueueingBackend {
  return {
    name: 'nft',
    async install(entries) {
      const script = nftInstallScript(numbers, entries)
      try {
        await runScript(script)
      } catch (error) {
        // a base chain that an older version left at another hook is not changed, only made anew
        if (!hasCode(error, 'PROGRAM_FAILED')) throw error
        await runScript(`${nftRemoveScript()}${script}`)
      }
    },
    async change(from, to) {
      await runScript(nftChangeScript(entryChanges(from, to)))
    },
    async drift(entries) {
      const found = await Promise.all(
        nftFamilies.map(async (family) => {
          const listing = await readTable(family)
          return listing === undefined
            ? [`table ${family} ${nftTable} is missing`]
            : nftDrift(family, { state: readNftListing(family, listing), numbers, entries })
        }),
      )
      return found.flat()
    },
    async remove() {
      const had = (await Promise.all(nftFamilies.map(hasOurs))).includes(true)
      if (!had) return false
      await runScript(nftRemoveScript())
      for (const family of nftFamilies) {
        if (isEmpty(await readTable(family)))
          await runScript(`delete table ${family} ${nftTable}\n`)
      }
      return true
    },
  }
}

/**
 * Whether this kernel and this nft can queue from the families bridge and inet; nothing is put in place.
 *
 * An nft that was killed or did not end has not answered. To take that for a no would cost the host dear: the way without nft switches
 * br_netfilter on for all of its bridges.
 *
 * @throws AgentError PROGRAM_FAILED when nft is there and gave no answer
 */
export async function canNftQueue(limits: ProgramLimits = {}): Promise<boolean> {
  const code = await probe(limits)
  if (code < 0) throw new AgentError('PROGRAM_FAILED', 'nft was killed before it answered')
  return code === 0
}

async function probe(limits: ProgramLimits): Promise<number> {
  try {
    return (await runProgram('nft', ['-c', '-f', '-'], nftProbeScript(), limits)).code
  } catch (error) {
    const isMissing = error instanceof AgentError && systemCode(error.cause) === 'ENOENT'
    if (isMissing) return notInstalled
    throw error
  }
}

/** As a shell has it. */
const notInstalled = 127

/**
 * Everything that nft knows, as `nft -j list ruleset` has it; undefined where nft is not installed or the kernel has no nftables.
 * @throws AgentError PROGRAM_FAILED when nft prints what is no JSON
 */
export async function readRuleset(): Promise<unknown> {
  return list(['list', 'ruleset'])
}

async function hasOurs(family: NftFamily): Promise<boolean> {
  const listing = await readTable(family)
  if (listing === undefined) return false
  const { rules, entries } = readNftListing(family, listing)
  return rules.length > 0 || entries.size > 0
}

async function readTable(family: NftFamily): Promise<unknown> {
  return list(['list', 'table', family, nftTable])
}

async function list(command: readonly string[]): Promise<unknown> {
  try {
    const { code, stdout } = await runProgram('nft', ['-j', ...command])
    if (code !== 0) return undefined
    return JSON.parse(stdout) as unknown
  } catch (cause) {
    if (hasCode(cause, 'PROGRAM_FAILED')) return undefined
    throw new AgentError('PROGRAM_FAILED', `nft -j ${command.join(' ')} printed no JSON`, { cause })
  }
}

/** Whether a table was left with nothing in it by whoever else shares it. */
function isEmpty(listing: unknown): boolean {
  const text = JSON.stringify(listing ?? {})
  return listing !== undefined && !/"(?:chain|set|map|flowtable|counter|quota)":/.test(text)
}

async function runScript(script: string): Promise<void> {
  await runOk('nft', ['-f', '-'], script)
}
