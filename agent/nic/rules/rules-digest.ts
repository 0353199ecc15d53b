import type { DesiredNic } from '#nic/desired.js'
import { textDigest } from '#nic/text-digest.js'
import { nicRules } from './nic-rules.js'

const known = new WeakMap<DesiredNic, string>()

/** Tells one decision's rules from another's: the digest of what `nicRules` applies. It is kept with the decision, since every pass asks. */
export function rulesDigestOf(desired: DesiredNic): string {
  const found = known.get(desired)
  if (found !== undefined) return found
  const digest = textDigest(nicRules(desired).apply)
  known.set(desired, digest)
  return digest
}
