import t from 'tap'
import { siteUnavailable } from '../support/site-unavailable.js'
import { doors, type FirewallWorld, openFirewallWorld, outside } from './firewall-world.js'

const skip = siteUnavailable() ?? false
const timeout = 120_000

t.test(
  'a protected guest learns that a path takes smaller packets',
  { skip, timeout },
  async (t) => {
    await using world = await openFirewallWorld('routed')
    const { site, guest } = world
    await world.protect('protected')
    await site.host.sh('ip link set transit mtu 1300')
    for (const family of [4, 6] as const) {
      const path = async (): Promise<string> =>
        await guest.space.sh(`ip -${family} route get ${outside[family]}`)
      t.notMatch(await path(), 'mtu 1300')
      const big = ['ping', '-M', 'do', '-c', '1', '-W', '2', '-s', '1372', outside[family]]
      await guest.space.run(big)
      t.match(await path(), 'mtu 1300', `IPv${family}`)
    }
  },
)

/** Opens so many connections, or what passes for it: datagrams to ever new ports of an address that says nothing. */
const flood = (count: number) => `python3 - <<'EOF'
import socket
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
for number in range(${count}):
  try: sockets[number % 2].sendto(b'x', ('${outside[4]}', 10000 + number // 2))
  except OSError: pass
EOF`

async function tracked({ site }: FirewallWorld): Promise<number> {
  return Number(await site.host.sh('cat /proc/sys/net/netfilter/nf_conntrack_count'))
}

/** A world in which one guest has a profile and the other, which has none, has flooded. */
async function floodedWorld(prepare: string): Promise<FirewallWorld> {
  const world = await openFirewallWorld('routed')
  await world.router.space.sh(`nft -f - <<'EOF'
table ip silence { chain in { type filter hook input priority -400; udp dport 10000-40000 drop; }; }
EOF`)
  await world.protect('protected')
  await world.site.host.sh(prepare)
  await world.neighbour.space.sh(flood(24_000))
  return world
}

t.test('without its rule a guest fills the table of connections', { skip, timeout }, async (t) => {
  await using world = await floodedWorld('nft flush chain inet okeanid guests_connections')
  t.ok((await tracked(world)) > 20_000)
})

t.test('no guest fills the host’s table of connections', { skip, timeout }, async (t) => {
  await using world = await floodedWorld(':')
  const count = await tracked(world)
  t.ok(count > 10_000 && count < 17_000, `${count} of 24000`)
  t.ok((await world.counted('connection-cap')) > 0)
  t.same(await world.guest.reaches(outside[4], doors), doors, 'and others go on')
})
