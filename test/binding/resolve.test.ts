import t from 'tap'
import { parseIfName } from '#addr/if-name.js'
import { formatProblem } from '#binding/binding.js'
import { parseNfdhcpdBinding } from '#binding/nfdhcpd-file.js'
import { createServiceResolver, resolveService } from '#binding/resolve.js'
import { binding, defaultsOf, fixture, good, network, service } from './helpers.js'

const tags = (...list: readonly string[]) => ({ network: network({ tags: list }) })
const routed = { mode: 'routed', link: 'rt_a' }

t.test('who is served', async (t) => {
  const cases: readonly [string, Record<string, unknown>, string, string][] = [
    ['nobody without a word', tags(), '', ''],
    ['nfdhcpd on a bridge: DHCPv4 only', tags('nfdhcpd'), '', 'dhcp4'],
    ['nfdhcpd routed: all', { ...tags('nfdhcpd'), ...routed }, '', 'dhcp4 ra neighbours dhcp6'],
    ['okeanid:dhcp', { ...tags('okeanid:dhcp'), ...routed }, '', 'dhcp4'],
    ['okeanid:ra on a bridge', tags('okeanid:ra'), '', 'ra dhcp6'],
    ['okeanid:dhcpv6 alone', tags('okeanid:dhcpv6'), '', 'dhcp6'],
    ['okeanid:ra with DHCPv6 off', tags('okeanid:ra'), '[dhcpv6]\nmode = off', 'ra'],
    ['a named network', tags(), '[responder]\nnetworks = x, net-a', 'dhcp4'],
    ['a network named by UUID', tags(), '[responder]\nnetworks = u-a', 'dhcp4'],
    ['all networks', tags(), '[responder]\nnetworks = *', 'dhcp4'],
    ['all, without network', { network: undefined }, '[responder]\nnetworks = *', 'dhcp4'],
    ['a section that says so', tags(), '[network net-a]\ndhcp = yes', 'dhcp4'],
    ['a section that says no', tags('nfdhcpd'), '[network net-a]\ndhcp = no', ''],
    ['a tag over its section', tags('okeanid:dhcp'), '[network net-a]\ndhcp = no', 'dhcp4'],
    ['another network’s section', tags(), '[network net-b]\ndhcp = yes', ''],
    ['a binding that says so', { ...tags(), settings: { dhcp: true } }, '', 'dhcp4'],
    ['a binding that says no', { ...tags('nfdhcpd'), settings: { dhcp: false } }, '', ''],
    ['nobody without addresses', { ...tags('nfdhcpd'), ip: undefined }, '', ''],
    [
      'nothing of IPv6 without a prefix',
      { network: network({ tags: ['okeanid:ra'], subnet6: null }) },
      '',
      '',
    ],
  ]
  for (const [what, changes, ini, expected] of cases) {
    const told = service(changes, ini)
    const served = (['dhcp4', 'ra', 'neighbours', 'dhcp6'] as const).filter((key) => told[key])
    t.equal(served.join(' '), expected, what)
  }
})

t.test('what wins: defaults, section, tags, binding', async (t) => {
  const ini = (lease: string) => `[dhcp]\nlease = 1h\n[network net-a]\n${lease}`
  const leaseOf = (changes: Record<string, unknown>, text: string) =>
    service(changes, text).dhcp4?.network.leaseSeconds
  const own = { settings: { lease: '4h' } }
  const tagged = tags('nfdhcpd', 'okeanid:lease:3h')
  t.equal(leaseOf({}, ini('')), 3600)
  t.equal(leaseOf({}, ini('lease = 2h')), 7200)
  t.equal(leaseOf(tagged, ini('lease = 2h')), 10_800)
  t.equal(leaseOf({ ...tagged, ...own }, ini('lease = 2h')), 14_400)
})

t.test('lists replace those below, each family for itself; raw options add up', async (t) => {
  const ini =
    '[dhcp]\nnameservers = 192.0.2.53, 2001:db8::53\noption_224 = u8:1\noption_225 = u8:1\n[network net-a]\nnameservers = 192.0.2.54\noption_225 = u8:2'
  const told = service({ ...tags('nfdhcpd', 'okeanid:ra') }, ini)
  t.strictSame(told.dhcp4?.network.nameservers, ['192.0.2.54'])
  t.strictSame(told.ra?.nameservers, ['2001:db8::53'])
  t.strictSame(
    told.dhcp4?.network.rawOptions.map(({ code, value }) => [code, value[0]]),
    [
      [224, 1],
      [225, 2],
    ],
  )
  t.strictSame(service({}, `${ini}\nnameservers =`).dhcp4?.network.nameservers, [])
})

t.test('DHCPv4 of a bridged NIC', async (t) => {
  const { dhcp4, problems, isGateway, sourceDevice } = service()
  t.match(dhcp4, {
    address: '192.0.2.77',
    hostname: 'vm1',
    network: {
      prefixLength: 24,
      router: '192.0.2.1',
      serverId: '192.0.2.1',
      leaseSeconds: 86_400,
      renewSeconds: 43_200,
      rebindSeconds: 75_600,
      domain: 'example.com',
    },
  })
  t.equal(dhcp4?.network.mtu, undefined)
  t.strictSame([problems, isGateway, sourceDevice], [[], false, 'br0'])
})

t.test('the server’s address', async (t) => {
  const idOf = (changes: Record<string, unknown>, ini = '') =>
    service(changes, ini).dhcp4?.network.serverId
  t.equal(idOf({ network: network({ gateway: null }) }), '192.0.2.1')
  t.equal(idOf({}, '[dhcp]\nserver_on_link = no\nserver_id = 10.9.9.9'), '10.9.9.9')
  t.equal(idOf({ ip: '192.0.2.1' }, '[dhcp]\nserver_id = 10.9.9.9'), '10.9.9.9')
  t.equal(idOf(tags('nfdhcpd', 'okeanid:private')), '192.0.2.1', 'it stays on the link')
})

t.test('a private network has no default route in either family', async (t) => {
  const told = service({ ...tags('nfdhcpd', 'okeanid:private'), ...routed })
  t.equal(told.dhcp4?.network.router, undefined)
  t.equal(told.ra?.routerLifetimeSeconds, 0)
})

t.test('a guest that is the gateway gets no router', async (t) => {
  t.equal(service({ ip: '192.0.2.1' }).dhcp4?.network.router, undefined)
})

t.test('times that are out of order are told and put right', async (t) => {
  const told = service({ settings: { lease: '1h', renew: '2h' } })
  t.match(told.dhcp4?.network, { leaseSeconds: 3600, renewSeconds: 1800, rebindSeconds: 3150 })
  t.match(told.problems.join(), /renew: wants to be before rebind/)
  const early = service({ settings: { lease: '1h', rebind: '20m' } })
  t.match(early.dhcp4?.network, { renewSeconds: 1199, rebindSeconds: 1200 })
})

t.test('the metadata route goes by the gateway', async (t) => {
  const told = service({ settings: { metadata_route: true, routes: '198.51.100.0/24 192.0.2.9' } })
  t.strictSame(
    told.dhcp4?.network.routes.map(({ gateway }) => gateway),
    ['192.0.2.9', '192.0.2.1'],
  )
  const alone = service({
    network: network({ gateway: null }),
    settings: { metadata_route: 'yes' },
  })
  t.equal(alone.dhcp4?.network.routes[0]?.gateway, '0.0.0.0')
})

t.test('advertisements: the router only where the host is one', async (t) => {
  const bridged = service(tags('okeanid:ra'))
  t.match(bridged.ra, {
    routerLifetimeSeconds: 0,
    isManaged: false,
    hasOtherConfig: true,
    dnsLifetimeSeconds: 1800,
    searchList: ['example.com'],
    interval: { minSeconds: 200, maxSeconds: 600 },
  })
  t.match(bridged.ra?.prefixes, [{ isOnLink: true, isAutonomous: true }])
  t.equal(bridged.neighbours, undefined)
  const gateway = service(tags('okeanid:ra', 'okeanid:gateway', 'okeanid:route:2001:db8:5::/48'))
  t.equal(gateway.ra?.routerLifetimeSeconds, 1800)
  t.strictSame(
    gateway.ra?.routes.map(({ lifetimeSeconds }) => lifetimeSeconds),
    [1800],
  )
  const host = service({ ...routed })
  t.match(host.ra?.prefixes, [{ isOnLink: false }])
  t.equal(host.sourceDevice, 'tap0')
  t.equal(host.isGateway, true)
})

t.test('the prefix is the network’s, whatever host bits it was given with', async (t) => {
  const told = service({ ...routed, network: network({ subnet6: '2001:db8:1::1/64' }) })
  t.equal(told.ra?.prefixes[0]?.prefix.address, '2001:db8:1::')
})

t.test('only a /64 is autonomous', async (t) => {
  const told = service({ ...routed, network: network({ subnet6: '2001:db8:1::/56' }) })
  t.equal(told.ra?.prefixes[0]?.isAutonomous, false)
  const asked = service({
    ...routed,
    network: network({ subnet6: '2001:db8:1::/56' }),
    settings: { autonomous: true },
  })
  t.equal(asked.ra?.prefixes[0]?.isAutonomous, false)
  t.match(asked.problems.join(), /autonomous: wants a subnet6 of 64 bits/)
})

t.test('M only with an address behind it, and then no other address', async (t) => {
  const ip6 = '2001:db8:1::77'
  const stateful = service({ ...routed, ip6, settings: { dhcpv6: 'stateful' } })
  t.match(stateful.ra, { isManaged: true, hasOtherConfig: true })
  t.equal(stateful.ra?.prefixes[0]?.isAutonomous, false)
  t.equal(stateful.dhcp6?.address, ip6)
  t.match(stateful.dhcp6, { hostname: 'vm1', network: { domain: 'example.com' } })
  const without = service({ ...routed, settings: { dhcpv6: 'stateful' } })
  t.match(without.ra, { isManaged: false, hasOtherConfig: true })
  const off = service({ ...routed, ip6, settings: { dhcpv6: 'off' } })
  t.match(off.ra, { isManaged: false, hasOtherConfig: false })
  t.equal(off.dhcp6, undefined)
})

t.test('what NICs share is not mixed up', async (t) => {
  const resolve = createServiceResolver(defaultsOf())
  const plain = resolve(binding({ ...routed })).service
  const stateful = { ...routed, ...tags('nfdhcpd', 'okeanid:dhcpv6') }
  const cases = [
    { ...routed, tap: 'tap1' },
    { ...routed, instance: 'vm.example.net' },
    { ...routed, ip: '192.0.2.1' },
    { ...routed, network: network({ subnet: '192.0.2.0/25' }) },
    { ...routed, network: network({ subnet6: '2001:db8:2::/64' }) },
    { ...routed, network: network({ gateway6: 'fe80::1' }) },
    { ...routed, settings: { hop_limit: 3 } },
    { ...tags('okeanid:ra') },
    { ...stateful },
    { ...stateful, ip6: '2001:db8:1::77' },
    { ...stateful, network: network({ tags: ['nfdhcpd', 'okeanid:dhcpv6'], name: 'net-b' }) },
  ]
  for (const changes of [...cases, ...cases]) {
    t.strictSame(
      resolve(binding(changes)).service,
      resolveService(binding(changes), defaultsOf()).service,
    )
  }
  const other = { ...routed, tap: 'tap9', ip: '192.0.2.78', hostname: 'vm9.example.com' }
  const { dhcp4, ra, neighbours, dhcp6 } = resolve(binding(other)).service
  t.equal(dhcp4?.network, plain.dhcp4?.network, 'one value for all')
  t.equal(ra, plain.ra)
  t.equal(neighbours, plain.neighbours)
  t.equal(dhcp6?.network, plain.dhcp6?.network)
})

t.test('neighbours of a routed NIC', async (t) => {
  t.strictSame(service({ ...routed, ip6: '2001:db8:1::77' }).neighbours, {
    targets: ['2001:db8:1::1'],
    subnet: { address: '2001:db8:1::', prefixLength: 64 },
    isProxy: false,
  })
  const proxied = service(
    { ...routed, network: network({ gateway6: 'fe80::1' }) },
    '[ra]\nneighbour_proxy = prefix',
  )
  t.strictSame(proxied.neighbours?.targets, ['fe80::1'])
  t.equal(proxied.neighbours?.isProxy, true)
  t.equal(proxied.ra?.sourceAddress, 'fe80::1')
  const configured = service({ ...routed }, '[ra]\ngateway_address = fe80::2')
  t.strictSame(configured.neighbours?.targets, ['fe80::2', '2001:db8:1::1'])
  t.equal(configured.ra?.sourceAddress, 'fe80::2')
})

t.test('delegated prefixes', async (t) => {
  const pool = tags('nfdhcpd', 'okeanid:pd:2001:db8:100::/48:56')
  const of = (changes: Record<string, unknown>) =>
    service({ ...routed, ...changes }).dhcp6?.delegatedPrefix
  t.strictSame(of(pool), { address: '2001:db8:100:4d00::', prefixLength: 56 }, '77 is 4d')
  t.strictSame(of({ ...pool, delegated_prefix: '2001:db8:9::1/60' }), {
    address: '2001:db8:9::',
    prefixLength: 60,
  })
  t.equal(of({}), undefined)
  const small = service({ ...routed, ...tags('nfdhcpd', 'okeanid:pd:2001:db8:100::/60:64') })
  t.equal(small.dhcp6?.delegatedPrefix, undefined)
  t.match(small.problems.join(), /delegation: has no prefix/)
})

t.test('flaws are told and what is good is served', async (t) => {
  const told = service({ ...tags('nfdhcpd', 'okeanid:mtu:x'), ip: '10.0.0.1' })
  t.strictSame(told.problems, [
    'okeanid:mtu:x: wants a whole number from 576 to 65535, or auto',
    'ip: is not in the subnet',
  ])
  t.equal(told.dhcp4?.address, '10.0.0.1')
})

t.test('boot rules with an URL serve DHCPv6 as well', async (t) => {
  const told = service({ ...routed, settings: { boot_1: 'file:a', boot_2: 'file:http://x/b' } })
  t.strictSame(
    told.dhcp4?.network.boot.map(({ file }) => file),
    ['a', 'http://x/b'],
  )
  t.strictSame(
    told.dhcp6?.network.boot.map(({ file }) => file),
    ['http://x/b'],
  )
})

t.test('files of nfdhcpd are served by being there', async (t) => {
  const tap = parseIfName('tap8')
  if (tap === undefined) throw new Error('tap8')
  const read = good(parseNfdhcpdBinding(fixture('nfdhcpd/tap8'), tap))
  const { service: told, problems } = resolveService(read, defaultsOf())
  t.equal(told.dhcp4?.address, '198.51.100.9')
  t.equal(told.ra?.prefixes[0]?.prefix.address, '2001:db8:2::')
  t.strictSame(problems.map(formatProblem), [])
})

t.test('packets while nobody answers', async (t) => {
  t.equal(service().whenDown, 'pass')
  t.equal(service({}, '[queueing]\nwhen_down = drop').whenDown, 'drop')
  t.equal(
    service(tags('nfdhcpd', 'okeanid:when-down:pass'), '[queueing]\nwhen_down = drop').whenDown,
    'pass',
  )
})
