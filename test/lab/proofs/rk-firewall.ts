/**
 * The firewall of guests on a bridge, on Debian's own kernel, for this needs its conntrack for bridges: runs inside `lab rk`
 * (test/lab/firewall.test.ts starts it). Prints one line for each claim, `ok …` or `not ok …`, and ends with the count of the latter.
 */

import { canTrackBridges } from '#kernel/bridge-tracking.js'
import { addressesOf, doors, openFirewallWorld, outside } from '../../kernel/firewall-world.js'
import { createClaims } from './claims.js'

const { claim, failureCount } = createClaims()
const pings = ['icmp', 'icmp/4000']
const open = {
  unprotected: doors,
  limited: ['tcp/22', 'tcp/3389', ...pings],
  protected: pings,
  web: ['tcp/80', 'udp/53', ...pings],
} as const

claim('the module is loaded when it is wanted', await canTrackBridges(), true)

const world = await openFirewallWorld('bridged', { patienceMs: 6000 })
const { guest, neighbour, router, nic } = world
for (const [profile, expected] of Object.entries(open)) {
  await world.protect(profile)
  for (const family of [4, 6] as const) {
    const what = `${profile}, IPv${family}`
    const address = addressesOf(nic)[family]
    const [fromOutside, fromNeighbour, out] = await Promise.all([
      router.reaches(address, doors),
      neighbour.reaches(address, doors),
      guest.reaches(outside[family], doors),
    ])
    const forAll = profile === 'web' ? expected.filter((door) => door !== 'udp/53') : expected
    claim(`${what}: from outside`, fromOutside, expected)
    claim(`${what}: from a neighbour`, fromNeighbour, forAll)
    claim(`${what}: to the world`, out, doors)
  }
}
await world[Symbol.asyncDispose]()
process.exit(failureCount())
