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

const attachment = (variables: Variables, sections: Sections = {}) =>
  desiredOf(variables, sections).attachment

/** The sentence by which a NIC is refused. */
const refusal = (variables: Variables, sections: Sections = {}) => {
  const decided = decideNic(nicOf(variables), { config: nicConfig(sections), stance: undefined })
  return decided.ok ? undefined : decided.problem
}

const own = (address: string, prefixLength: number) => ({ address, prefixLength })

t.test('a bridged NIC', async (t) => {
  t.strictSame(attachment(bridged), {
    kind: 'bridged',
    bridge: 'br0',
    vlan: undefined,
    privateVlan: undefined,
  })
  t.match(attachment({ ...bridged, VLAN: '.100:200' }), { vlan: { native: 100, tagged: [200] } })
})

t.test('bridges of private networks are made of VLANs, by the number in their name', async (t) => {
  const link = (name: string) => ({ ...bridged, LINK: name, BRIDGE: name })
  const vlanOf = (name: string, nic: Variables) => {
    const found = attachment(link(name), { nic })
    return found.kind === 'bridged' ? found.privateVlan : undefined
  }
  const nic = { private_uplink: 'eth1' }
  t.same(vlanOf('prv7', nic), { uplink: 'eth1', device: 'eth1.7', id: 7 })
  t.same(vlanOf('prv4094', nic)?.id, 4094)
  t.same(vlanOf('prv7', { ...nic, private_bridges: 'prv* 900' })?.id, 907)
  t.same(vlanOf('net7-br', { ...nic, private_bridges: 'net*-br' })?.id, 7)
  for (const name of ['prv0', 'prv4095', 'prv07', 'prv', 'prvx', 'prv7x', 'br0', 'xprv7']) {
    t.equal(vlanOf(name, nic), undefined, name)
  }
  t.equal(vlanOf('prv7', {}), undefined, 'without an uplink all bridges are the administrator’s')
  const long = { private_uplink: 'enp129s0f0np0' }
  t.same(vlanOf('prv4000', long)?.device, 'vlan.4000', 'a name of sixteen octets would not do')
  t.match(refusal({ ...link('prv7'), VLAN: '.3' }, { nic }), /^bridge prv7 is VLAN 7 as a whole/)
})

t.test('a routed NIC of both families', async (t) => {
  t.strictSame(attachment(routed), {
    kind: 'routed',
    table: 'vmrt',
    gatewayMac: 'cc:47:52:4e:45:54',
    gatewayAddress6: undefined,
    routes4: [own('192.0.2.2', 32)],
    routes6: [{ destination: own('2001:db8:1:0:a800:1ff:fea8:2be', 128), via: undefined }],
    neighbours: ['192.0.2.2', '2001:db8:1:0:a800:1ff:fea8:2be'],
    proxyOn: 'auto',
  })
})

t.test(
  'a prefix of its own is reached by way of the guest, and no single address is',
  async (t) => {
    const found = attachment(routed, { nic: { own_prefix: '2001:db8:100::/56 64' } })
    t.match(found, {
      routes6: [{ destination: own('2001:db8:100:2::', 64), via: 'fe80::a800:1ff:fea8:2be' }],
      neighbours: ['192.0.2.2', 'fe80::a800:1ff:fea8:2be'],
    })
  },
)

t.test('tables', async (t) => {
  const table = (link: string) =>
    attachment(link === '' ? without(routed, 'LINK') : { ...routed, LINK: link })
  for (const link of ['', 'main', '254']) t.match(table(link), { table: undefined }, link)
  for (const link of ['100', 'rt_public', 'snf-link-7']) t.match(table(link), { table: link })
  for (const link of ['local', '255', 'default', '253', '0', '-6', 'a@b']) {
    t.match(refusal({ ...routed, LINK: link }), /^mode routed wants the name or number/, link)
  }
})

t.test('a routed NIC without anything to route is refused', async (t) => {
  const nothing = without(routed, 'IP', 'NETWORK_SUBNET6')
  t.match(refusal(nothing), /^mode routed wants an address/)
  t.match(attachment(without(routed, 'IP')), { routes4: [], routes6: { length: 1 } })
  t.match(attachment(without(routed, 'NETWORK_SUBNET6')), { routes6: [], routes4: { length: 1 } })
  const byMac = { nic: { own_prefix: '2001:db8::/40 64 mac' } }
  t.match(attachment(nothing, byMac), {
    routes4: [],
    routes6: [{ destination: { prefixLength: 64 } }],
  })
})

t.test('extra addresses are routed too, networks that tags allow are not', async (t) => {
  const TAGS =
    'okeanid:allow:0:192.0.2.77 okeanid:allow:0:0.0.0.0/0 okeanid:allow:0:2001:db8:9::/48 okeanid:allow:1:192.0.2.78'
  t.match(attachment({ ...routed, TAGS }), {
    routes4: [own('192.0.2.2', 32), own('192.0.2.77', 32)],
    routes6: { length: 1 },
    neighbours: { length: 3 },
  })
})

t.test('the gateway’s link-local address is the same on every node', async (t) => {
  const address = (variables: Variables, sections: Sections = {}) => {
    const found = attachment(variables, sections)
    return found.kind === 'routed' ? found.gatewayAddress6 : undefined
  }
  const linkLocal = { ...routed, NETWORK_GATEWAY6: 'fe80::1' }
  t.equal(address(routed), undefined, 'what the hardware address gives')
  t.equal(address(linkLocal), 'fe80::1', 'of the network')
  t.equal(address(linkLocal, { ra: { gateway_address: 'fe80::7' } }), 'fe80::7', 'as configured')
  t.equal(address(routed, { 'network net-public': { gateway_address: 'fe80::8' } }), 'fe80::8')
  const given = { ra: { gateway_address: 'fe80::ce47:52ff:fe4e:4554' } }
  t.equal(address(routed, given), undefined, 'what the tap has anyway is not added')
})

t.test('Open vSwitch and scripts of the administrator’s', async (t) => {
  const ovs = { ...without(bridged, 'BRIDGE'), MODE: 'openvswitch', LINK: 'ovs0', VLAN: '.5:6' }
  t.strictSame(attachment(ovs), {
    kind: 'openvswitch',
    bridge: 'ovs0',
    vlan: { native: 5, tagged: [6] },
  })
  const ext = { ...without(bridged, 'BRIDGE'), MODE: 'ext', LINK: 'anything' }
  t.strictSame(attachment(ext), { kind: 'ext', script: '/etc/okeanid/ext/up' })
  t.strictSame(attachment(ext, { nic: { ext_scripts: '/srv/ext' } }), {
    kind: 'ext',
    script: '/srv/ext/up',
  })
})

t.test('Open vSwitch is refused what the kernel cannot keep there', async (t) => {
  const ovs = { ...without(bridged, 'BRIDGE'), MODE: 'openvswitch', LINK: 'ovs0' }
  const tagged = { ...ovs, TAGS: 'okeanid:firewall:0:protected' }
  t.match(refusal(tagged), /^firewall profile protected cannot be kept on Open vSwitch/)
  t.match(
    refusal({ ...tagged, MODE: 'ext' }),
    /^firewall profile protected cannot be kept in mode ext: .*or the profile unprotected$/,
  )
  t.match(
    refusal({ ...ovs, NETWORK_TAGS: 'private-filtered' }),
    /cannot be kept apart on Open vSwitch/,
  )
})

t.test('a pool without a prefix for the NIC is refused: it would share another’s', async (t) => {
  const pool = (text: string) => ({ nic: { own_prefix: text } })
  t.match(refusal(routed, pool('2001:db8::/63 64')), /^own_prefix has no prefix with the number 2/)
  t.match(
    refusal(without(routed, 'IP'), pool('2001:db8::/48 64')),
    /^own_prefix wants an IPv4 address/,
  )
})

t.test('each refusal is a short line of printable ASCII', async (t) => {
  const cases: readonly (readonly [Variables, Sections])[] = [
    [without(routed, 'IP', 'NETWORK_SUBNET6'), {}],
    [{ ...routed, LINK: 'local' }, {}],
    [routed, { nic: { own_prefix: '2001:db8::/64 64' } }],
    [without(routed, 'IP'), { nic: { own_prefix: '2001:db8::/48 64' } }],
    [{ ...bridged, NETWORK_MAC_PREFIX: 'aa:11:01', NETWORK_TAGS: 'mac-filtered' }, {}],
  ]
  for (const [variables, sections] of cases) {
    t.match(refusal(variables, sections), /^[\x20-\x7e]{20,200}$/)
  }
})
