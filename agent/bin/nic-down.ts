/**
 * `okeanid nic down`: takes away what a tap that is gone has left behind. While the tap is there it does nothing, for Ganeti 3.2 calls its
 * `down` scripts on a mere request to shut down, again and again, while the guest runs on; what is left then is removed when the nics role
 * sees the tap go. Never fails: nobody waits for the outcome.
 */

import { applySteps } from '#kernel/apply-steps.js'
import { readLeftFacts } from '#kernel/host-nic-facts.js'
import { lockBridge, lockTap } from '#lock/nic-locks.js'
import type { Nic } from '#nic/nic.js'
import { planDown } from '#nic/plan.js'
import { environmentOf } from '#nic/record.js'
import { tryLock } from './nic-addon.js'
import { recordOf, unused } from './nic-earlier.js'
import type { NicPlaces } from './nic-places.js'

/** What the log is told of, and whether anything was taken away. */
export interface DownResult {
  readonly warnings: readonly string[]
  readonly isRemoved: boolean
}

const nothing: DownResult = { warnings: [], isRemoved: false }

/** Forgets a NIC if its tap is gone and no other NIC has it since. */
export async function takeDownNic(nic: Nic, places: NicPlaces): Promise<DownResult> {
  const { runtimeDirectory, recordsDirectory } = places
  const lock = await lockTap({ runtimeDirectory, name: nic.tap, waitMs: 0, tryLock: tryLock() })
  if (!lock.ok && lock.problem.kind === 'held') return nothing // who has it sees to it
  try {
    const record = recordOf(nic, places)
    if (record?.nic.uuid !== nic.uuid) return nothing
    const left = unused(record, { places, keepsBridge: undefined })
    const name = left.privateBridge?.bridge
    const bridge =
      name === undefined
        ? undefined
        : await lockBridge({ runtimeDirectory, name, waitMs: 5000, tryLock: tryLock() })
    try {
      const { tap, bridge: privateBridge } = await readLeftFacts(left)
      const isTapThere = tap !== undefined
      if (isTapThere) return nothing
      const steps = planDown(left, { isTapThere, privateBridge })
      const applied = await applySteps(steps, {
        tap: nic.tap,
        nicsDirectory: places.nicsDirectory,
        recordsDirectory,
        environment: environmentOf(nic),
      })
      return { warnings: applied.ok ? applied.value.warnings : [], isRemoved: true }
    } finally {
      if (bridge?.ok === true) bridge.value.close()
    }
  } finally {
    if (lock.ok) lock.value.close()
  }
}
