import t from 'tap'
import { siteUnavailable } from '../support/site-unavailable.js'
import { addressesOf, doors, openFirewallWorld, outside } from './firewall-world.js'

const skip = siteUnavailable() ?? false
const pings = ['icmp', 'icmp/4000']

t.test('a routed guest behind each profile', { skip, timeout: 120_000 }, async (t) => {
  await using world = await openFirewallWorld('routed')
  const { guest, neighbour, router, nic } = world
  const expected = {
    unprotected: doors,
    limited: ['tcp/22', 'tcp/3389', ...pings],
    protected: pings,
    web: ['tcp/80', 'udp/53', ...pings],
  } as const
  for (const [profile, open] of Object.entries(expected)) {
    await world.protect(profile)
    for (const family of [4, 6] as const) {
      await t.test(`${profile}, IPv${family}`, async (t) => {
        const address = addressesOf(nic)[family]
        const [fromOutside, fromNeighbour, out] = await Promise.all([
          router.reaches(address, doors),
          neighbour.reaches(address, doors),
          guest.reaches(outside[family], doors),
        ])
        t.same(fromOutside, open, 'from outside')
        const forAll = profile === 'web' ? open.filter((door) => door !== 'udp/53') : open
        t.same(fromNeighbour, forAll, 'from another guest of the host')
        t.same(out, doors, 'to the world')
      })
    }
  }
})
