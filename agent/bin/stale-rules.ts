import type { IfName } from '#addr/if-name.js'
import { applyScripts } from '#kernel/apply-scripts.js'
import { readTap } from '#kernel/host-nic-facts.js'
import { lockTaps } from '#kernel/tap-locks.js'
import { removeRules } from '#nic/rules/nic-rules.js'
import type { RepairPlaces } from './node-nics.js'

/**
 * Removes the rules of taps that are gone. Under their locks it is looked once more: meanwhile `nic up` may have made rules for a new tap
 * of the name.
 */
export async function removeStaleRules(
  taps: readonly IfName[],
  { runtimeDirectory }: RepairPlaces,
): Promise<void> {
  if (taps.length === 0) return
  const locks = lockTaps(runtimeDirectory, taps)
  try {
    const gone = taps.filter((tap) => !locks.held.has(tap) && readTap(tap) === undefined)
    await applyScripts(gone.map(removeRules))
  } finally {
    locks.close()
  }
}
