import t from 'tap'
import type { NicMode } from '../support/site.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { type Attack, tryAttack } from './attack.js'
import { openWorld } from './world.js'

/** Tests of attacks: each works without its rules, and is stopped by them while the attacker's own traffic passes. */
export function testAttacks(mode: NicMode, attacks: readonly Attack[]): void {
  const reason = siteUnavailable()
  t.test(`attacks from a ${mode} tap`, reason === undefined ? {} : { skip: reason }, async (t) => {
    await using world = await openWorld(mode)
    for (const attack of attacks) {
      if (!(attack.modes ?? ['bridged']).includes(mode)) continue
      for (const policy of attack.policies ?? ['strict']) {
        const suffix = attack.policies === undefined ? '' : `, IPv6 ${policy}`
        await t.test(`${attack.name}${suffix}`, async (t) => {
          const { worked, works, refused } = await tryAttack(world, attack, policy)
          t.ok(worked, `works without ${attack.stops.join(', ')}`)
          t.notOk(works, 'is stopped')
          t.ok(refused > 0, 'and counted')
        })
      }
    }
  })
}
