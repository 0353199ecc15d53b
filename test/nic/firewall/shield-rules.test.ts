import t from 'tap'
import { parseIfName } from '#addr/if-name.js'
import { parseMac } from '#addr/mac.js'
import type { DesiredNic, Firewall } from '#nic/desired.js'
import { parseServices } from '#nic/firewall/service-text.js'
import { shieldObjects, shieldRules } from '#nic/firewall/shield-rules.js'
import { desiredWith, nicWith } from './nic.js'

function listed(text: string, icmp: 'essential' | 'all' = 'essential'): Firewall['inbound'] {
  const services = parseServices(text)
  if (!services.ok) throw new Error(services.problem)
  return { kind: 'listed', icmp, services: services.value }
}

const gatewayMac = parseMac('cc:47:52:4e:45:54')
const uplink = parseIfName('eth1')
if (gatewayMac === undefined || uplink === undefined) throw new Error('no names')

const routed: DesiredNic['attachment'] = {
  kind: 'routed',
  table: undefined,
  gatewayMac,
  gatewayAddress6: undefined,
  routes4: [],
  routes6: [],
  neighbours: [],
  proxyOn: undefined,
}
const anything = 'tcp/22, udp/50-60 from 192.0.2.7/24, tcp from 2001:db8::7/64, 47 from 192.0.2.9'

t.test('services are doors for those who may use them, networks without host bits', async (t) => {
  const { inet } = shieldRules(desiredWith(listed(anything), { attachment: routed }))
  t.same(
    inet.filter((rule) => /dport (?!68|546)|l4proto (?:tcp|47)/.test(rule)),
    [
      'tcp dport 22 accept',
      'ip saddr 192.0.2.0/24 udp dport 50-60 accept',
      'ip6 saddr 2001:db8::/64 meta l4proto tcp accept',
      'ip saddr 192.0.2.9 meta l4proto 47 accept',
    ],
  )
  t.equal(inet.at(-1), 'counter drop comment "firewall"')
})

t.test('no rule has a set of its own, which each later run of nft would read back', async (t) => {
  for (const attachment of [desiredWith({ kind: 'all' }).attachment, routed]) {
    const { bridge, inet } = shieldRules(desiredWith(listed(anything, 'all'), { attachment }))
    t.ok(bridge.length + inet.length > 0)
    t.same(
      [...bridge, ...inet].filter((rule) => rule.includes('{')),
      [],
    )
  }
})

t.test('observing is the same rules without a single drop', async (t) => {
  const desired = desiredWith(listed('tcp/22'))
  const enforced = shieldRules(desired).bridge
  const observed = shieldRules({ ...desired, stance: 'observe' }).bridge
  t.same(
    observed,
    enforced.map((rule) => rule.replace(' drop', '')),
  )
  t.not(observed.join(), enforced.join())
})

const nothing = { bridge: [], inet: [], hostInput: [] }
const script = '/etc/ganeti/kvm-vif-mine'
for (const { name, desired } of [
  { name: 'with a profile that lets all in', desired: desiredWith({ kind: 'all' }) },
  { name: 'while it is disabled', desired: desiredWith(listed(''), { stance: 'disabled' }) },
  {
    name: 'of Open vSwitch, which decides refuses',
    desired: desiredWith(listed(''), {
      attachment: { kind: 'openvswitch', bridge: uplink, vlan: undefined },
    }),
  },
  {
    name: 'of a script of the administrator',
    desired: desiredWith(listed(''), { attachment: { kind: 'ext', script } }),
  },
]) {
  t.test(`no connection is tracked for a NIC ${name}`, async (t) => {
    t.same(shieldRules(desired), nothing)
    t.same(shieldObjects(desired), [])
  })
}

t.test('guests open on the host what is said, in its own chain', async (t) => {
  const { guard } = desiredWith({ kind: 'all' })
  const services = listed('tcp/22')
  const hostServices = services.kind === 'listed' ? services.services : undefined
  const attachment = routed
  const desired = desiredWith({ kind: 'all' }, { attachment, guard: { ...guard, hostServices } })
  const { inet, hostInput } = shieldRules(desired)
  t.same(inet, [])
  t.ok(hostInput.includes('tcp dport 22 accept'))
  t.equal(hostInput.at(-1), 'counter drop comment "host-service"')
})

/** The elements that give connections a zone, after all that is said of them. */
function zones(changes: Partial<DesiredNic>): readonly string[] {
  const elements = new Set<string>()
  for (const line of shieldObjects(desiredWith(listed(''), changes))) {
    const [, verb, element = ''] =
      /^(add|delete) element bridge okeanid (zone_of\S+ { .*?)(?: : .*)? }$/.exec(line) ?? []
    if (verb === 'add') elements.add(element)
    if (verb === 'delete') elements.delete(element)
  }
  return [...elements]
}

t.test('private networks have a zone of conntrack each, public ones share the first', async (t) => {
  const { guard, nic } = desiredWith({ kind: 'all' })
  const [prefix, mask] = [parseMac('aa:00:07:00:00:00'), parseMac('ff:ff:ff:00:00:00')]
  if (prefix === undefined || mask === undefined) throw new Error('no MAC')
  const network = {
    name: 'net',
    uuid: undefined,
    tags: ['private'],
    subnet: undefined,
    gateway: undefined,
    subnet6: undefined,
    gateway6: undefined,
    macPrefix: undefined,
  }
  t.same(zones({}), [])
  t.match(zones({ nic: nicWith([], { network }) }), ['zone_of_bridge { "br0"'])
  t.match(zones({ guard: { ...guard, macFilter: { prefix, mask } } }), [
    'zone_of_prefix24 { "br0" . aa:00:07:00:00:00',
  ])
  t.equal(nic.network, undefined)
})

t.test(
  'a network that is told apart no more, or in another way, has no zone from before',
  async (t) => {
    const forgotten = (changes: Partial<DesiredNic>): readonly string[] =>
      shieldObjects(desiredWith(listed(''), changes)).filter((line) => line.startsWith('delete'))
    t.same(forgotten({}), [
      'delete element bridge okeanid zone_of_prefix24 { "br0" . aa:00:00:00:00:00 }',
      'delete element bridge okeanid zone_of_prefix20 { "br0" . aa:00:00:00:00:00 }',
    ])
  },
)
