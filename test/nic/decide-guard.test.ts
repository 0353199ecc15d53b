import t from 'tap'
import { decideNic } from '#nic/decide.js'
import {
  bridgedVariables as bridged,
  desiredOf,
  nicConfig,
  nicOf,
  routedVariables as routed,
  type Variables,
  without,
} from '../support/nic-setup.js'

type Sections = Readonly<Record<string, Variables>>

const guard = (variables: Variables, sections: Sections = {}) =>
  desiredOf(variables, sections).guard

const cidr = (address: string, prefixLength: number) => ({ address, prefixLength })

const madeAddress = cidr('2001:db8:1:0:a800:1ff:fea8:2be', 128)
const linkLocal = cidr('fe80::a800:1ff:fea8:2be', 128)

t.test(
  'IPv4: what Ganeti names is all that may be used; what it does not name is open',
  async (t) => {
    const address = cidr('192.0.2.2', 32)
    const noIp = without(bridged, 'IP')
    const cases = [
      ['named', bridged, {}, [address]],
      ['not named', noIp, {}, undefined],
      ['only IPv6 named', { ...bridged, IP: '2001:db8:1::2' }, {}, undefined],
      ['routed without', without(routed, 'IP'), {}, []],
      ['known', noIp, { nic: { ipv4: 'known' } }, []],
      ['open', bridged, { nic: { ipv4: 'open' } }, undefined],
      ['none', bridged, { nic: { ipv4: 'none' } }, []],
      ['by tag of the network', { ...bridged, NETWORK_TAGS: 'okeanid:ipv4:none' }, {}, []],
      [
        'with extra ones',
        { ...bridged, TAGS: 'okeanid:allow:0:198.51.100.0/24' },
        {},
        [address, cidr('198.51.100.0', 24)],
      ],
    ] as const
    for (const [name, variables, sections, sources4] of cases) {
      t.strictSame(guard(variables, sections).sources4, sources4, name)
    }
  },
)

t.test('IPv6: what auto comes to', async (t) => {
  const own = { nic: { own_prefix: '2001:db8:100::/48 64' } }
  const learn = {
    policy: 'learn',
    addresses: [],
    prefixes: [cidr('2001:db8:1::', 64)],
    domain: 'br0',
    maxAddresses: 16,
  }
  const strict = { policy: 'strict', addresses: [linkLocal, madeAddress] }
  const no6 = ['NETWORK_SUBNET6', 'NETWORK_GATEWAY6']
  const cases = [
    ['shared on a bridge', bridged, {}, learn],
    ['shared and routed', routed, {}, strict],
    ['what routed guests learn would not be routed', routed, { nic: { ipv6: 'learn' } }, strict],
    [
      'a prefix of its own',
      bridged,
      own,
      { policy: 'prefix', prefixes: [cidr('2001:db8:100:2::', 64)] },
    ],
    ['nothing known on a bridge', without(bridged, ...no6), {}, { policy: 'open' }],
    ['nothing known, routed', without(routed, ...no6), {}, { policy: 'none' }],
    [
      'an address and no subnet',
      without({ ...bridged, IP: '2001:db8:1::2' }, ...no6),
      {},
      { policy: 'strict', addresses: [linkLocal, cidr('2001:db8:1::2', 128)] },
    ],
    [
      'an address that Ganeti names is known before it is learnt',
      { ...bridged, IP: '2001:db8:1::2' },
      {},
      { ...learn, addresses: [cidr('2001:db8:1::2', 128)] },
    ],
  ] as const
  for (const [name, variables, sections, sources6] of cases) {
    t.strictSame(guard(variables, sections).sources6, sources6, name)
  }
})

t.test('a guest that may send from anywhere is asked for nothing but its gateway', async (t) => {
  const TAGS = 'okeanid:allow:0:0.0.0.0/0 okeanid:allow:0:::/0'
  for (const variables of [bridged, routed]) {
    const { sources4, sources6, gateways4, macs } = guard({ ...variables, TAGS })
    t.equal(sources4, undefined)
    t.strictSame(sources6, { policy: 'open' })
    t.strictSame([gateways4, macs], [['192.0.2.1'], [bridged['MAC']]])
  }
  const none = { nic: { ipv4: 'none', ipv6: 'none' } }
  t.match(guard({ ...bridged, TAGS }, none), { sources4: [], sources6: { policy: 'none' } })
})

t.test('IPv6: what is said holds, the most special last', async (t) => {
  const policy = (variables: Variables, sections: Sections) =>
    guard(variables, sections).sources6.policy
  const network = { nic: { ipv6: 'none' }, 'network net-public': { ipv6: 'strict' } }
  t.equal(policy(bridged, { nic: { ipv6: 'none' } }), 'none')
  t.equal(policy(bridged, network), 'strict')
  t.equal(policy({ ...bridged, NETWORK_TAGS: 'okeanid:ipv6:open' }, network), 'open')
  t.equal(policy({ ...bridged, NETWORK_NAME: 'other' }, network), 'none')
  const byUuid = { [`network ${bridged['NETWORK_UUID']}`]: { ipv6: 'prefix' } }
  t.equal(policy(bridged, byUuid), 'prefix')
})

t.test('addresses are learnt among those who share the link', async (t) => {
  const domain = (variables: Variables) => {
    const { sources6 } = guard(variables)
    return sources6.policy === 'learn' ? sources6.domain : undefined
  }
  t.equal(domain({ ...bridged, VLAN: '.100' }), 'br0.100')
  t.equal(domain({ ...bridged, VLAN: ':200' }), 'br0')
})

t.test('gateways are nobody’s but their own', async (t) => {
  t.match(guard(bridged), { gateways4: ['192.0.2.1'], gateways6: ['2001:db8:1::1'] })
  t.strictSame(guard(routed).gateways6, ['2001:db8:1::1', 'fe80::ce47:52ff:fe4e:4554'])
  t.strictSame(guard({ ...bridged, IP: '192.0.2.1' }).gateways4, [], 'the guest is the gateway')
  t.strictSame(guard({ ...bridged, IP: '2001:db8:1::1' }).gateways6, [])
  const TAGS = 'okeanid:allow:*:192.0.2.1 okeanid:allow:*:2001:db8:1::1'
  t.match(guard({ ...bridged, TAGS }), { gateways4: [], gateways6: [] }, 'it may stand in for it')
})

t.test('routed guests ask by ARP for their own network only', async (t) => {
  t.strictSame(guard(routed).arpTargets, [cidr('192.0.2.1', 32), cidr('192.0.2.0', 24)])
  t.equal(guard(bridged).arpTargets, undefined)
  const alone = without(
    routed,
    ...Object.keys(routed).filter((name) => name.startsWith('NETWORK_')),
  )
  t.equal(guard(alone).arpTargets, undefined, 'nobody knows its gateway')
})

t.test('servers are refused where we serve, and where there is a router', async (t) => {
  const all = { dhcp4: true, dhcp6: true, ra: true }
  const none = { dhcp4: false, dhcp6: false, ra: false }
  const noRouter = without(bridged, 'NETWORK_GATEWAY6')
  const served = { NETWORK_TAGS: 'nfdhcpd' }
  const cases = [
    ['nobody serves, there is a router', bridged, {}, { ...none, ra: true }],
    ['nobody serves, there is none', noRouter, {}, none],
    ['served by tag', { ...noRouter, ...served }, {}, all],
    ['served by configuration', noRouter, { responder: { networks: 'net-public' } }, all],
    ['served, but this NIC has no address', without({ ...noRouter, ...served }, 'IP'), {}, all],
    ['only router advertisements', { ...noRouter, NETWORK_TAGS: 'okeanid:ra' }, {}, all],
    ['routed', without(routed, 'NETWORK_GATEWAY6'), {}, all],
    ['refused', noRouter, { nic: { guest_servers: 'refuse' } }, all],
    ['allowed', { ...bridged, NETWORK_TAGS: 'nfdhcpd okeanid:guest-servers:allow' }, {}, none],
    ['the router itself', { ...bridged, IP: '2001:db8:1::1' }, {}, none],
  ] as const
  for (const [name, variables, sections, refuses] of cases) {
    t.strictSame(guard(variables, sections).refuses, refuses, name)
  }
})

t.test(
  'networks that share a bridge are told apart by the first bits of hardware addresses',
  async (t) => {
    const filtered = { ...bridged, MAC: 'aa:00:17:a8:02:be', NETWORK_MAC_PREFIX: 'aa:00:17' }
    const octets = { prefix: 'aa:00:17:00:00:00', mask: 'ff:ff:ff:00:00:00' }
    const synnefo = { prefix: 'aa:00:10:00:00:00', mask: 'ff:ff:f0:00:00:00' }
    for (const [NETWORK_TAGS, filter] of [
      ['private-filtered', synnefo],
      ['mac-filtered', octets],
      ['okeanid:mac-filtered', octets],
    ] as const) {
      t.strictSame(guard({ ...filtered, NETWORK_TAGS }).macFilter, filter, NETWORK_TAGS)
    }
    t.equal(guard(filtered).macFilter, undefined)
    t.strictSame(guard(filtered, { nic: { mac_filter: 'yes' } }).macFilter, octets)
    const off = { nic: { mac_filter: 'no' } }
    t.equal(guard(filtered, off).macFilter, undefined)
    const finer = { nic: { mac_filter: 'yes', mac_mask: 'ff:ff:ff:80:00:00' } }
    t.strictSame(guard(filtered, finer).macFilter, {
      prefix: 'aa:00:17:80:00:00',
      mask: 'ff:ff:ff:80:00:00',
    })
    const refused = (variables: Variables) => {
      const decided = decideNic(nicOf(variables), { config: nicConfig(), stance: undefined })
      return decided.ok ? undefined : decided.problem
    }
    const foreign = { ...filtered, NETWORK_MAC_PREFIX: 'aa:00:20', NETWORK_TAGS: 'mac-filtered' }
    t.match(refused(foreign), /aa:00:17:a8:02:be does not begin with aa:00:20/)
    const cousin = { ...foreign, NETWORK_TAGS: 'private-filtered', NETWORK_MAC_PREFIX: 'aa:00:12' }
    t.equal(refused(cousin), undefined, 'of another cluster of the same Synnefo network')
    const none = without({ ...filtered, NETWORK_TAGS: 'mac-filtered' }, 'NETWORK_MAC_PREFIX')
    t.match(refused(none), /this one has no prefix/)
  },
)

t.test('neighbouring prefixes of Ganeti are different networks', async (t) => {
  const [one, two] = ['aa:00:01', 'aa:00:02'].map(
    (prefix) =>
      guard({
        ...bridged,
        MAC: `${prefix}:a8:02:be`,
        NETWORK_MAC_PREFIX: prefix,
        NETWORK_TAGS: 'mac-filtered',
      }).macFilter?.prefix,
  )
  t.not(one, two)
})

t.test('who shares a bridge but no network does not learn from each other', async (t) => {
  const domains = ['aa:00:01', 'aa:00:02', undefined].map((prefix) => {
    const { sources6 } = guard(
      prefix === undefined
        ? bridged
        : {
            ...bridged,
            MAC: `${prefix}:a8:02:be`,
            NETWORK_MAC_PREFIX: prefix,
            NETWORK_TAGS: 'mac-filtered',
          },
    )
    return sources6.policy === 'learn' ? sources6.domain : undefined
  })
  t.strictSame(domains, ['br0.aa0001000000', 'br0.aa0002000000', 'br0'])
})

t.test('hardware addresses: its own, then those that tags allow', async (t) => {
  const TAGS = 'okeanid:allow:0:00:00:5e:00:01:07 okeanid:allow:5:00:00:5e:00:01:08'
  t.strictSame(guard({ ...bridged, TAGS }).macs, [bridged['MAC'], '00:00:5e:00:01:07'])
})

t.test('tagged frames, other EtherTypes, groups, and services of the host', async (t) => {
  t.strictSame(guard({ ...bridged, VLAN: '.5:6:7' }).taggedVlans, [6, 7])
  t.strictSame(guard(bridged, { nic: { ethertypes: '88cc, 0x8863' } }).etherTypes, [0x88cc, 0x8863])
  const tags = 'okeanid:ethertype:88cc okeanid:ethertype:8863'
  t.strictSame(guard({ ...bridged, NETWORK_TAGS: tags }).etherTypes, [0x8863, 0x88cc])
  t.strictSame(guard(bridged).groupRate, { perSecond: 1000, burst: 2000 })
  t.equal(guard(bridged, { nic: { group_rate: 'none' } }).groupRate, undefined)
  t.equal(guard(bridged).hostServices, undefined)
  t.strictSame(guard(routed).hostServices, [])
  t.equal(guard(routed, { nic: { host_services: 'all' } }).hostServices, undefined)
  t.match(guard(routed, { nic: { host_services: 'udp/53' } }).hostServices, [
    { protocol: 'udp', ports: { first: 53, last: 53 } },
  ])
})

t.test(
  'stance: an operator, then the instance’s tag, then the network’s, then the configuration',
  async (t) => {
    const stance = (
      variables: Variables,
      said: 'observe' | 'enforce' | undefined,
      sections: Sections = {},
    ) => {
      const decided = decideNic(nicOf(variables), { config: nicConfig(sections), stance: said })
      return decided.ok ? decided.value.stance : decided.problem
    }
    const tagged = { ...bridged, NETWORK_TAGS: 'okeanid:stance:disabled' }
    t.equal(stance(bridged, undefined), 'enforce')
    t.equal(stance(bridged, undefined, { nic: { stance: 'observe' } }), 'observe')
    t.equal(stance(tagged, undefined, { nic: { stance: 'observe' } }), 'disabled')
    t.equal(stance({ ...tagged, TAGS: 'okeanid:stance:observe' }, undefined), 'observe')
    t.equal(stance({ ...tagged, TAGS: 'okeanid:stance:observe' }, 'enforce'), 'enforce')
  },
)

t.test('the firewall’s default is the network’s, and a tag wins', async (t) => {
  const sections = {
    nic: { firewall: 'limited' },
    'network net-public': { firewall: 'web' },
    'firewall web': { inbound: 'tcp/80' },
  }
  t.match(desiredOf({ ...bridged, NETWORK_NAME: 'x' }, sections).firewall, { profile: 'limited' })
  t.match(desiredOf(bridged, sections).firewall, {
    profile: 'web',
    isKnown: true,
    inbound: { services: [{ ports: { first: 80, last: 80 } }] },
  })
  const tagged = { ...bridged, TAGS: 'synnefo:network:0:protected' }
  t.match(desiredOf(tagged, sections).firewall, { profile: 'protected' })
})
