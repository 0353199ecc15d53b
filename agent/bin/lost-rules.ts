import { setImmediate as turn } from 'node:timers/promises'
import type { IfName } from '#addr/if-name.js'
import { AgentError, systemCode } from '#errors.js'
import { applyScripts } from '#kernel/apply-scripts.js'
import { readTap } from '#kernel/host-nic-facts.js'
import { createKeptRules } from '#kernel/kept-rules.js'
import { readGeneration, readTapRules } from '#kernel/rule-dump.js'
import type { RulesetFollower } from '#kernel/ruleset-watch.js'
import { lockTaps } from '#kernel/tap-locks.js'
import type { DesiredNic } from '#nic/desired.js'
import { rulesMissing } from '#nic/repair/differences.js'
import { nicRules } from '#nic/rules/nic-rules.js'
import { rulesDigestOf } from '#nic/rules/rules-digest.js'
import { sharedLines } from '#nic/rules/shared-lines.js'
import type { ClaimsStore } from './claims-store.js'
import type { Mended } from './mend-nics.js'
import type { Comparison } from './repair-pass.js'

/**
 * The rules of NICs that are right, to be put back when somebody has flushed them all, before anything is compared: what was there a moment
 * ago is better than nothing, and the pass that follows finds what should have changed meanwhile.
 */
export interface LostRules {
  /** Keeps what is right, of those NICs where that is news, one a turn of the loop. Ends when anybody changes rules meanwhile. */
  keep(comparison: Comparison): Promise<void>
  /**
   * Puts all back in one transaction, after another one of what they share, which isolates nobody. Nothing when the kernel refuses, which
   * it does when any of them is still there; and when only some are kept and all are so few that nft is as quick: then all come at once.
   */
  putBack(unheard: RulesetFollower['unheard']): Promise<RulesPutBack>
}

/** Whose rules are there again, and since when: monotonic clock. */
export interface RulesPutBack {
  readonly taps: ReadonlySet<IfName>
  readonly atMs: number
}

/** Nothing is put back. */
export function nothingBack(): RulesPutBack {
  return { taps: new Set(), atMs: performance.now() }
}

/** The NICs whose rules were missing until they were put back, and that are right with them. */
export function mendedBefore({ nics }: Comparison, taps: RulesPutBack['taps']): readonly Mended[] {
  return nics
    .filter(({ nic, differences }) => taps.has(nic.tap) && differences.length === 0)
    .map((compared) => ({
      compared: { ...compared, differences: [{ what: rulesMissing, steps: [] }] },
      problem: undefined,
    }))
}

/** Rules of so many NICs nft reads in less than a quarter of a second. */
const quickCount = 50

/** What else has to be known of a tap whose rules are kept. */
interface KeptNic {
  /** Another index is another tap. */
  readonly ifindex: number
  readonly desired: DesiredNic
  readonly sharedLines: readonly string[]
}

/** Keeps nothing yet. */
export function createLostRules({
  runtimeDirectory,
  claims,
}: {
  readonly runtimeDirectory: string
  readonly claims: Pick<ClaimsStore, 'lines'>
}): LostRules {
  const rules = createKeptRules()
  const nics = new Map<IfName, KeptNic>()
  let wanted = 0

  function retain(taps: ReadonlySet<IfName>): void {
    rules.retain(taps)
    for (const tap of nics.keys()) if (!taps.has(tap)) nics.delete(tap)
  }

  return {
    async keep({ nics: compared }) {
      retain(new Set(compared.map(({ nic }) => nic.tap)))
      const withRules = compared.filter(({ desired }) => desired.ok && has(desired.value))
      wanted = withRules.length
      const generation = readGeneration()
      const news = withRules.filter(
        ({ nic, record }) =>
          record?.rulesDigest !== undefined && !rules.has(nic.tap, keyOf(record)),
      )
      if (news.length === 0) return
      const found = readTapRules()
      for (const { nic, record, desired } of news) {
        const digest = found.get(nic.tap)?.digest
        if (digest === undefined || digest !== record?.rulesDigest || !desired.ok) continue
        if (rulesDigestOf(desired.value) !== record.scriptDigest) continue
        rules.keep(nic.tap, keyOf(record))
        nics.set(nic.tap, {
          ifindex: record.ifindex,
          desired: desired.value,
          sharedLines: sharedLines(nic.tap, nicRules(desired.value).apply),
        })
        await turn()
        if (readGeneration() !== generation) return rules.forget(nic.tap)
      }
    },
    async putBack(unheard) {
      const kept = [...nics].filter(([tap]) => rules.has(tap))
      if (kept.length === 0 || (kept.length < wanted && wanted <= quickCount)) return nothingBack()
      const locks = lockTaps(
        runtimeDirectory,
        kept.map(([tap]) => tap),
      )
      try {
        const ready = kept.filter(
          ([tap, { ifindex }]) => !locks.held.has(tap) && readTap(tap)?.ifindex === ifindex,
        )
        await applyScripts([
          ...ready.map(([, nic]) => nic.sharedLines.join('\n')),
          ...claims.lines(ready.map(([, { desired }]) => desired)),
        ])
        const taps = ready.map(([tap]) => tap)
        unheard(() => rules.putBack(taps))
        return { taps: new Set(taps), atMs: performance.now() }
      } catch (error) {
        if (!(error instanceof AgentError) && systemCode(error) === undefined) throw error
        return nothingBack()
      } finally {
        locks.close()
      }
    },
  }
}

function has({ stance }: DesiredNic): boolean {
  return stance !== 'disabled'
}

/** What rules are kept by: what the kernel has, and the decision that led to it. */
function keyOf({
  rulesDigest,
  scriptDigest,
}: {
  readonly rulesDigest: string | undefined
  readonly scriptDigest: string | undefined
}): string {
  return `${rulesDigest} ${scriptDigest}`
}
