import { readFile } from 'node:fs/promises'
import { hasCode } from '#errors.js'
import {
  type ForeignRules,
  foreignIptablesRules,
  foreignNftRules,
} from '#nic/forward/foreign-rules.js'
import { type IptablesVariant, iptablesProgram } from './iptables.js'
import { readRuleset } from './nft.js'
import { runProgram } from './run-program.js'

/** Rules on this host that lead to packet queues and are not ours, by number. */
export async function readForeignRules(): Promise<ForeignRules> {
  const legacy = (await readFile('/proc/net/ip_tables_names', 'utf8').catch(() => '')) !== ''
  const variants: readonly IptablesVariant[] = legacy ? ['-nft', '-legacy'] : ['-nft']
  const saved = await Promise.all(
    variants.flatMap((variant) => ([4, 6] as const).map((version) => save(version, variant))),
  )
  const rules = new Map<number, string[]>()
  for (const [number, rule] of [
    ...saved.flatMap(foreignIptablesRules),
    ...foreignNftRules(await readRuleset()),
  ])
    rules.set(number, [...(rules.get(number) ?? []), rule])
  return rules
}

async function save(version: 4 | 6, variant: IptablesVariant): Promise<string> {
  try {
    return (await runProgram(iptablesProgram(version, variant, 'save'), [])).stdout
  } catch (error) {
    if (hasCode(error, 'PROGRAM_FAILED')) return '' // not installed: nobody made rules with it
    throw error
  }
}
