import type { IfName } from '#addr/if-name.js'
import { decideNic } from '#nic/decide.js'
import type { DesiredNic, Stance } from '#nic/desired.js'
import type { Nic } from '#nic/nic.js'
import type { NicConfig } from '#nic/nic-config.js'
import type { Result } from '#result.js'

/** Decides for NICs as `decideNic` does. */
export type Decide = typeof decideNic

/** So many taps a node never has at once; names of those that are gone are forgotten then. */
const maxTaps = 10_000

/**
 * A `decideNic` that gives the same answer again, and not an equal one, for as long as the question about a tap is the same: what follows
 * from an answer can be kept with it.
 */
export function createDecider(): Decide {
  const known = new Map<
    IfName,
    { readonly question: string; readonly answer: Result<DesiredNic, string> }
  >()
  return (nic, options) => {
    const question = questionOf(nic, options)
    const found = known.get(nic.tap)
    if (found?.question === question) return found.answer
    const answer = decideNic(nic, options)
    if (known.size >= maxTaps) known.clear()
    known.set(nic.tap, { question, answer })
    return answer
  }
}

/** A fingerprint changes with everything that was configured. */
function questionOf(
  nic: Nic,
  { config, stance }: { readonly config: NicConfig; readonly stance: Stance | undefined },
): string {
  return JSON.stringify([config.fingerprint, stance, nic])
}
