import { readFileSync } from 'node:fs'
import { runProgram } from '#kernel/run-program.js'
import type { DesiredNic } from '#nic/desired.js'
import { graceScript } from '#nic/rules/learn.js'
import { type Claim, readClaims, restoreClaimLines } from '#nic/rules/learned.js'
import { domainSets } from '#nic/rules/names.js'
import { ipv6Number } from '#nic/rules/rule-text.js'
import { saveState } from '#service/state-file.js'

/** IPv6 addresses that guests have claimed, kept on disk: rules that are flushed take them along. */
export interface ClaimsStore {
  /** Reads what the kernel knows now and keeps it; nothing where no NIC learns. */
  keep(desired: readonly DesiredNic[]): Promise<void>
  /** Lines for nft after which the guests of these NICs, whose rules are missing and their sets with them, go on with what they had. */
  lines(desired: readonly DesiredNic[]): readonly string[]
}

/** A store in a file; what a damaged one says is forgotten, and guests get a while to show what they have. */
export function createClaimsStore(file: string): ClaimsStore {
  let kept = readKept(file)
  return {
    async keep(desired) {
      if (!desired.some(isLearning)) return
      const { code, stdout } = await runProgram('nft', ['-j', 'list', 'sets', 'netdev'])
      // sets that are gone have just been flushed: what was kept is to come back
      const isWhole = setsOf(desired).every((set) => stdout.includes(`"${set}"`))
      if (code !== 0 || !isWhole) return
      const listing: unknown = JSON.parse(stdout === '' ? '{}' : stdout)
      const text = JSON.stringify(readClaims(listing))
      if (text === JSON.stringify(readClaims(kept))) return
      kept = listingOf(readClaims(listing))
      await saveState(file, kept)
    },
    lines(desired) {
      const learning = desired.filter(isLearning)
      // sets of others may not exist any more, and one line that fails fails the transaction
      const sets = new Set(setsOf(learning))
      return [
        ...restoreClaimLines(readClaims(kept).filter(({ set }) => sets.has(set))),
        ...learning.flatMap(({ nic }) => graceScript(nic.tap).split('\n')),
      ]
    },
  }
}

/** The sets in which claims of these NICs stand. */
function setsOf(desired: readonly DesiredNic[]): readonly string[] {
  return desired.flatMap(({ guard: { sources6 } }) =>
    sources6.policy === 'learn' ? [domainSets(sources6.domain).claims] : [],
  )
}

function isLearning({ guard }: DesiredNic): boolean {
  return guard.sources6.policy === 'learn'
}

function readKept(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}

/** As nft lists them, so that one reader reads both. */
function listingOf(claims: readonly Claim[]): unknown {
  const bySet = new Map<string, Claim[]>()
  for (const claim of claims) bySet.set(claim.set, [...(bySet.get(claim.set) ?? []), claim])
  return {
    nftables: [...bySet].map(([name, list]) => ({
      set: {
        family: 'netdev',
        table: 'okeanid',
        name,
        elem: list.map(({ address, mac }) => ({ concat: [ipv6Number(address), mac] })),
      },
    })),
  }
}
