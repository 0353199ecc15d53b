import t from 'tap'
import { parseIpLine } from '#kernel/ip-line.js'
import { openRtnetlink } from '#kernel/rtnetlink.js'
import { inOwnNetwork, run } from '../support/own-network.js'

/** Lines of `ip -batch` by netlink, against what `ip` makes of them. */
inOwnNetwork(import.meta.url, () => {
  const rtnetlink = openRtnetlink()
  if (rtnetlink === undefined) throw new Error('the addon is not built')

  /** All that a line may change, without what is another each time. */
  const state = () =>
    run(
      'sh',
      '-c',
      `ip -d addr; ip neigh; ip neigh show proxy; ip rule; ip -6 rule
       ip -d route show table all; ip -6 -d route show table all`,
    ).replaceAll(/_timer +[\d.]+|^\d+: /gm, '')

  t.beforeEach(() => {
    run(
      'sh',
      '-c',
      `ip link del tap0 2>/dev/null; ip link del br0 2>/dev/null; ip link del up0 2>/dev/null
       ip rule flush; ip -6 rule flush; ip rule add lookup main; ip -6 rule add lookup main
       ip link add br0 address 02:00:00:00:00:01 type bridge; ip link add up0 address 02:00:00:00:00:02 type veth peer name up1 address 02:00:00:00:00:04; ip link set up1 addrgenmode none up
       ip tuntap add tap0 mode tap; ip link set tap0 address 02:00:00:00:00:03
       ip link set up0 addrgenmode none up; ip link set tap0 addrgenmode none; ip link set br0 addrgenmode none`,
    )
  })

  const up = 'link set dev tap0 up'
  const cases: readonly { readonly before: readonly string[]; readonly line: string }[] = [
    { before: [], line: 'link set dev tap0 address fe:00:00:00:00:01' },
    { before: [], line: 'link set dev tap0 address fe:00:00:00:00:01 mtu 1400' },
    { before: [], line: 'link set dev tap0 address fe:00:00:00:00:01 up' },
    { before: [up], line: 'link set dev tap0 down' },
    { before: [], line: 'link set dev tap0 master br0' },
    { before: ['link set dev tap0 master br0'], line: 'link set dev tap0 nomaster' },
    { before: [up], line: 'addr replace fe80::1/64 dev tap0 nodad' },
    { before: [up], line: 'addr replace 192.0.2.1/24 dev tap0 nodad' },
    {
      before: [up],
      line: 'neigh replace 192.0.2.2 lladdr aa:00:00:00:00:01 dev tap0 nud permanent',
    },
    {
      before: [up, 'neigh replace 2001:db8::2 lladdr aa:00:00:00:00:02 dev tap0 nud permanent'],
      line: 'neigh replace 2001:db8::2 lladdr aa:00:00:00:00:01 dev tap0 nud permanent',
    },
    { before: [], line: 'neigh replace proxy 192.0.2.2 dev up0' },
    { before: [], line: 'neigh replace proxy 2001:db8::2 dev up0' },
    {
      before: ['neigh replace proxy 2001:db8::2 dev up0'],
      line: 'neigh del proxy 2001:db8::2 dev up0',
    },
    { before: [up], line: 'route replace 192.0.2.2/32 dev tap0 proto 110' },
    { before: [up], line: 'route replace 192.0.2.2/32 dev tap0 table 100 proto 110' },
    {
      before: [up, 'route replace 192.0.2.2/32 dev up0 table 4000 proto 110'],
      line: 'route replace 192.0.2.2/32 dev tap0 table 4000 proto 110',
    },
    { before: [up], line: 'route replace 2001:db8::/64 dev tap0 table 100 proto 110' },
    {
      before: [up, 'addr replace fe80::1/64 dev tap0 nodad'],
      line: 'route replace 2001:db8:5::/64 via fe80::2 dev tap0 table 100 proto 110',
    },
    { before: [], line: 'rule add iif tap0 pref 500 lookup 100 protocol 110' },
    { before: [], line: 'rule add iif tap0 pref 500 lookup default protocol 110' },
    { before: [], line: '-6 rule add iif tap0 pref 500 lookup 4000 protocol 110' },
    {
      before: ['rule add iif tap0 pref 500 lookup 100 protocol 110'],
      line: 'rule del iif tap0 pref 500',
    },
    {
      before: ['-6 rule add iif tap0 pref 7 lookup 100 protocol 110'],
      line: '-6 rule del iif tap0',
    },
  ]

  for (const { before, line } of cases) {
    t.test(`${[...before, line].join('; ')}`, async (t) => {
      for (const text of before) run('ip', ...text.split(' '))
      const bare = state()
      run('ip', ...line.split(' '))
      const wanted = state()
      t.not(wanted, bare, 'it changes something')
      await t.test('by netlink', async (t) => {
        for (const text of before) run('ip', ...text.split(' '))
        const request = parseIpLine(line)
        if (request === undefined) throw new Error('a line that we know')
        rtnetlink.change(request)
        t.equal(state(), wanted)
      })
    })
  }

  t.test('all else is left to ip', async (t) => {
    for (const line of [
      '',
      'link add name br9 type bridge',
      'link set dev tap0 mtu 1x',
      'link set dev tap0 address fe:00',
      'link set dev tap0 up up',
      'link set dev tap0 alias up',
      'addr replace 192.0.2.300/24 dev tap0 nodad',
      'addr add 192.0.2.3/24 dev tap0',
      'neigh replace 192.0.2.2 lladdr aa:00:00:00:00:01 dev tap0 nud reachable',
      'route replace default dev tap0 proto 110',
      'route replace 192.0.2.2/32 dev tap0 table nobody proto 110',
      'route replace 192.0.2.2/32 via fe80::1 dev tap0 proto 110',
      'route replace 192.0.2.2/32 dev tap0',
      'rule add iif tap0 pref 500 lookup nobody protocol 110',
      'rule add to 192.0.2.2 lookup 100',
      'rule del to 192.0.2.2',
    ])
      t.equal(parseIpLine(line), undefined, line)
  })

  t.test('a refusal says why, as ip does', async (t) => {
    const refused = (line: string) => {
      const request = parseIpLine(line)
      if (request === undefined) throw new Error(line)
      rtnetlink.change(request)
    }
    t.throws(() => refused('link set dev nosuch up'), { message: /Cannot find device "nosuch"/ })
    t.throws(() => refused('route replace 192.0.2.2/32 dev tap0 proto 110'), { code: 'ENETDOWN' })
    t.throws(() => refused('link set dev tap0 mtu 1'), {
      code: 'EINVAL',
      message: /mtu less than device minimum/,
    })
    t.throws(() => refused('rule del iif tap0 pref 9'), { code: 'ENOENT' })
  })

  t.test('the device of a default route', async (t) => {
    t.equal(rtnetlink.defaultDevice(4, 100), undefined)
    t.equal(rtnetlink.defaultDevice(6, 254), undefined)
    run('ip', 'link', 'set', 'br0', 'up')
    run('ip', 'route', 'add', '192.0.2.9', 'dev', 'up0', 'table', '100')
    run('ip', 'route', 'add', 'default', 'dev', 'br0', 'table', '100', 'metric', '7')
    run('ip', 'route', 'add', 'default', 'dev', 'up0', 'table', '5000')
    t.equal(rtnetlink.defaultDevice(4, 100), 'br0')
    t.equal(rtnetlink.defaultDevice(4, 5000), 'up0')
    t.equal(rtnetlink.defaultDevice(4, 254), undefined)
    run('sh', '-c', 'ip -6 route add default dev up0; ip addr add 198.51.100.1/24 dev up0')
    t.equal(rtnetlink.defaultDevice(6, 254), 'up0')
    run(
      'sh',
      '-c',
      'ip route add default table 101 nexthop via 198.51.100.2 dev up0 nexthop via 198.51.100.3 dev up0',
    )
    t.equal(rtnetlink.defaultDevice(4, 101), 'up0', 'of the first hop')
  })
})
