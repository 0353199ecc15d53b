import t from 'tap'
import { routedVariables } from '../support/nic-setup.js'
import { siteUnavailable } from '../support/site-unavailable.js'
import { beyond, gateway, openRoutedWorld, own } from './routed-world.js'

const skip = siteUnavailable() ?? false

t.test('a routed guest, set up by okeanid nic up', { skip, timeout: 120_000 }, async (t) => {
  await using world = await openRoutedWorld()
  const { guest, host, router } = world
  const uplinkMac = (await host.sh('cat /sys/class/net/eth1/address')).trim()
  t.notOk(await world.pings(guest, beyond.ip), 'before, it reaches nobody')
  t.same(await world.nic('up'), { code: 0, text: '' })

  await t.test('reaches the world, and the world reaches it, in both families', async (t) => {
    t.ok(await world.pings(guest, beyond.ip))
    t.ok(await world.pings(guest, beyond.ip6))
    t.ok(await world.pings(router, own.ip), 'the host answers for it on the uplink')
    t.ok(await world.pings(router, own.ip6))
  })

  await t.test('nobody answers for an address that the guest tests for itself', async (t) => {
    const asked = { device: 'eth0', address: own.ip }
    t.equal(await world.arpAnswer(guest, { ...asked, isProbe: true }), undefined)
    t.equal(await world.arpAnswer(guest, asked), undefined)
  })

  await t.test(
    'the host answers the guest for its network, and not for the whole world',
    async (t) => {
      const asked = (address: string) => world.arpAnswer(guest, { device: 'eth0', address })
      t.equal(await asked('192.0.2.1'), gateway.mac)
      t.equal(await asked('192.0.2.99'), gateway.mac, 'a neighbour')
      t.equal(await asked(beyond.ip), undefined)
      await host.sh('nft flush chain netdev okeanid from_tap0')
      t.equal(await asked(beyond.ip), gateway.mac, 'it would, without the rules')
      t.same(await world.nic('up'), { code: 0, text: '' })
    },
  )

  await t.test('on the uplink it answers for the guest and for nobody else', async (t) => {
    const asked = (address: string) => world.arpAnswer(router, { device: 'wan', address })
    t.equal(await asked(own.ip), uplinkMac)
    t.equal(await asked('192.0.2.99'), undefined)
    await host.sh(
      'sysctl -qw net.ipv4.conf.eth1.proxy_arp=1; ip route add 192.0.2.99 dev lo table 100',
    )
    t.equal(await asked('192.0.2.99'), uplinkMac, 'it would, with proxy_arp there')
    await host.sh(
      'sysctl -qw net.ipv4.conf.eth1.proxy_arp=0; ip route del 192.0.2.99 dev lo table 100',
    )
  })

  await t.test('the host never has to ask who has the guest’s addresses', async (t) => {
    const { text } = await host.run(['ip', 'neigh', 'show', 'dev', 'tap0'])
    const entries = text
      .split('\n')
      .filter((line) => line.includes(own.ip) || line.includes(own.ip6))
    t.equal(entries.length, 2)
    for (const entry of entries) t.match(entry, /PERMANENT/)
  })

  await t.test('the same once more changes nothing', async (t) => {
    const state =
      'ip rule; ip -6 rule; ip route show table 100; ip -6 route show table 100; ip neigh show proxy; ip -6 neigh show proxy; ip addr show tap0 | grep -v valid'
    const before = await host.sh(state)
    t.same(await world.nic('up'), { code: 0, text: '' })
    t.equal(await host.sh(state), before)
    t.ok(await world.pings(guest, beyond.ip6))
  })

  await t.test(
    'down does nothing while the tap is there, and takes all away when it is gone',
    async (t) => {
      t.same(await world.nic('down'), { code: 0, text: '' })
      t.ok(await world.pings(guest, beyond.ip), 'Ganeti 3.2 calls it on a mere request')
      await host.sh('ip link del tap0')
      t.same(await world.nic('down'), { code: 0, text: '' })
      const left = await host.sh(
        'ip rule; ip -6 rule; ip neigh show proxy; ip -6 neigh show proxy; nft list chains; nft list map inet okeanid to_guest; ls /run/okeanid/nics /run/state/nics/taps',
      )
      t.notMatch(left, 'tap0')
      t.notMatch(left, own.ip)
      t.equal(await world.arpAnswer(router, { device: 'wan', address: own.ip }), undefined)
    },
  )

  await t.test('and another guest may have the tap', async (t) => {
    await world.plug()
    t.same(await world.nic('up'), { code: 0, text: '' })
    t.ok(await world.pings(router, own.ip))
  })
})

t.test('a routed guest with a prefix of its own', { skip, timeout: 120_000 }, async (t) => {
  await using world = await openRoutedWorld({ nic: { own_prefix: '2001:db8:100::/48 64' } })
  const { guest, host, router } = world
  await router.sh('ip -6 route add 2001:db8:100::/48 dev wan via fe80::5')
  await host.sh('ip addr add fe80::5/64 dev eth1 nodad')
  t.same(await world.nic('up', { ...routedVariables, LINK: '100' }), { code: 0, text: '' })
  const any = '2001:db8:100:2:dead:beef:0:1'
  await guest.sh(`ip addr add ${any}/128 dev eth0 nodad`)

  t.ok(await world.pings(router, any), 'whatever address it makes of its prefix')
  const nobody = '2001:db8:100:2::404'
  t.notOk(await world.pings(router, nobody))
  const { text } = await host.run(['ip', '-6', 'neigh', 'show', 'dev', 'tap0'])
  t.notMatch(
    text,
    nobody,
    'who looks for guests that are not there leaves nothing in the host’s table',
  )
  await guest.sh('ip addr del 2001:db8:1:0:a800:1ff:fea8:2be/128 dev eth0')
  t.ok(await world.pings(guest, beyond.ip6))
  await guest.sh('ip addr add 2001:db8:100:3::1/128 dev eth0 nodad')
  const foreign = await guest.run([
    'ping',
    '-n',
    '-c2',
    '-i0.2',
    '-W1',
    '-I',
    '2001:db8:100:3::1',
    beyond.ip6,
  ])
  t.not(foreign.code, 0, 'the neighbour’s prefix is not its own')
})
