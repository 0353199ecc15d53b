import { setImmediate as turn } from 'node:timers/promises'
import type { KeptRules } from '#kernel/kept-rules.js'
import { readGeneration, readTapRules } from '#kernel/rule-dump.js'
import type { Comparison } from './repair-pass.js'

/**
 * Keeps the rules of NICs that are right, of those where that is news, one a turn of the loop. When anybody changes rules meanwhile it
 * ends: there is another pass then.
 */
export async function keepRules({ nics }: Comparison, kept: KeptRules): Promise<void> {
  kept.retain(new Set(nics.map(({ nic }) => nic.tap)))
  const generation = readGeneration()
  const news = nics.filter(
    ({ nic, record }) =>
      record?.rulesDigest !== undefined && !kept.has(nic.tap, record.rulesDigest),
  )
  if (news.length === 0) return
  const rules = readTapRules()
  for (const { nic, record } of news) {
    const digest = rules.get(nic.tap)?.digest
    if (digest === undefined || digest !== record?.rulesDigest) continue
    kept.keep(nic.tap, digest)
    await turn()
    if (readGeneration() !== generation) return kept.forget(nic.tap)
  }
}
