import { type Attack, tryAttack } from '../../attacks/attack.js'
import { ip4Attacks } from '../../attacks/ip4-attacks.js'
import { ip6Attacks } from '../../attacks/ip6-attacks.js'
import { learnAttacks } from '../../attacks/learn-attacks.js'
import { linkAttacks } from '../../attacks/link-attacks.js'
import { ndAttacks, raAttacks } from '../../attacks/nd-attacks.js'
import { openWorld } from '../../attacks/world.js'
import { createClaims } from './claims.js'

/** On Debian's own kernel: what nft sees of tags, fragments and extension headers, and its sets, differ from kernel to kernel. */
const patterns: readonly (readonly [readonly Attack[], RegExp])[] = [
  [linkAttacks, /VLAN|802\.1ad|another Ethernet source/],
  [ip4Attacks, /fragment/],
  [ip6Attacks, /later IPv6 fragment|DHCPv6/],
  [ndAttacks, /^neighbour advertisement with override: the gateway/],
  [raAttacks, /router advertisement/],
  [learnAttacks, /./],
]

const { claim, failureCount } = createClaims()
await using world = await openWorld('bridged')
for (const [attacks, pattern] of patterns) {
  for (const attack of attacks.filter(({ name }) => pattern.test(name))) {
    const policy = attack.policies?.includes('learn') ? 'learn' : 'strict'
    const { worked, works, refused } = await tryAttack(world, attack, policy)
    claim(
      attack.name,
      { worked, works, isCounted: refused > 0 },
      { worked: true, works: false, isCounted: true },
    )
  }
}
process.exitCode = failureCount() === 0 ? 0 : 1
