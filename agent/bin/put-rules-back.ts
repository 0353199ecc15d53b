import { AgentError, systemCode } from '#errors.js'
import { applyScripts } from '#kernel/apply-scripts.js'
import { readTapRules } from '#kernel/rule-dump.js'
import { rulesMissing } from '#nic/repair/differences.js'
import { sharedLines } from '#nic/rules/shared-lines.js'
import { textDigest } from '#nic/text-digest.js'
import type { MendParts } from './mend-nics.js'
import type { ComparedNic } from './repair-pass.js'

/** Rules of so many NICs nft reads in less than a quarter of a second. */
const quickCount = 50

/**
 * Puts the rules of NICs that have lost all of them back as the kernel told them, where that is what they should be: one transaction
 * after another one of what they share, which isolates nobody. Those whose rules are not the same then, or that the kernel
 * refuses, are left to nft; and all of them where only some are kept and they are so few that nft is as quick: then all come back at once.
 */
export async function putRulesBack(
  nics: readonly ComparedNic[],
  { claimLines, kept }: Pick<MendParts, 'claimLines' | 'kept'>,
): Promise<{ readonly nics: ReadonlySet<ComparedNic>; readonly atMs: number }> {
  const without = nics.filter(({ differences }) =>
    differences.some(({ what }) => what === rulesMissing),
  )
  const lost = without.flatMap((compared) => {
    const { nic, record, differences } = compared
    const [step] = differences.find(({ what }) => what === rulesMissing)?.steps ?? []
    if (step?.kind !== 'rules' || record?.rulesDigest === undefined) return []
    const { script } = step
    const { scriptDigest, rulesDigest } = record
    if (scriptDigest !== textDigest(script) || !kept.has(nic.tap, rulesDigest)) return []
    return [{ compared, tap: nic.tap, script, rulesDigest }]
  })
  const isPart = lost.length < without.length && without.length <= quickCount
  if (lost.length === 0 || isPart) return { nics: new Set(), atMs: performance.now() }
  try {
    await applyScripts([
      ...lost.map(({ tap, script }) => sharedLines(tap, script).join('\n')),
      ...claimLines(lost.map(({ compared }) => compared)),
    ])
    kept.putBack(lost.map(({ tap }) => tap))
  } catch (error) {
    if (!(error instanceof AgentError) && systemCode(error) === undefined) throw error
    return { nics: new Set(), atMs: performance.now() }
  }
  const atMs = performance.now()
  const rules = readTapRules()
  const same = lost.filter(({ tap, rulesDigest }) => rules.get(tap)?.digest === rulesDigest)
  return { nics: new Set(same.map(({ compared }) => compared)), atMs }
}
