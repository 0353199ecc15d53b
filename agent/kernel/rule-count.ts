import { systemCode } from '#errors.js'
import { type Addon, loadAddon } from './native.js'
import { runProgram } from './run-program.js'

/** A chain, as nft names it. */
export interface ChainName {
  readonly family: string
  readonly table: string
  readonly chain: string
}

/** NFPROTO_ (linux/netfilter.h). */
const familyNumbers: Readonly<Record<string, number>> = { inet: 1, ip: 2, netdev: 5, bridge: 7 }

/** How often a chain is read anew when others changed rules meanwhile. */
const maxAttempts = 20

/** How many rules a chain has, as the kernel says: by netlink, which costs 0.2 ms, or by nft where there is no addon. 0 for no chain. */
export async function countRules(name: ChainName): Promise<number> {
  const addon = addonOrNone()
  const family = familyNumbers[name.family]
  return addon === undefined || family === undefined
    ? countByNft(name)
    : countByNetlink(addon, { kind: 'rules', family, table: name.table, name: name.chain })
}

function countByNetlink(
  addon: Addon,
  question: Parameters<typeof addon.readRuleset<'rules'>>[0],
): number {
  for (let attempt = 1; ; attempt++) {
    try {
      return addon.readRuleset(question).reduce((sum, { ruleCount }) => sum + ruleCount, 0)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return 0
      if (systemCode(error) !== 'EINTR' || attempt === maxAttempts) throw error
    }
  }
}

async function countByNft({ family, table, chain }: ChainName): Promise<number> {
  const { code, stdout } = await runProgram('nft', ['-j', 'list', 'chain', family, table, chain])
  return code === 0 ? (stdout.match(/\{"rule": ?\{/g) ?? []).length : 0
}

function addonOrNone(): Addon | undefined {
  try {
    return loadAddon()
  } catch {
    return undefined
  }
}
