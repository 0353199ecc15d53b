import assert from 'node:assert/strict'
import t from 'tap'
import { parseCidr4, parseCidr6 } from '#addr/cidr.js'
import { parseIfName } from '#addr/if-name.js'
import { parseIpv4 } from '#addr/ipv4.js'
import { parseIpv6 } from '#addr/ipv6.js'
import { parseMac } from '#addr/mac.js'
import { type SegmentPort, voicesOf } from '#nic/announce/voices.js'
import type { Nic } from '#nic/nic.js'
import type { NicRecord } from '#nic/record.js'

const name = (text: string) => parseIfName(text) ?? assert.fail(text)
const ip = (text: string) => parseIpv4(text) ?? assert.fail(text)
const ip6 = (text: string) => parseIpv6(text) ?? assert.fail(text)

function record(
  tap: string,
  nic: Partial<Nic> = {},
  proxies: NicRecord['left']['proxies'] = [],
): NicRecord {
  return {
    nic: {
      tap: name(tap),
      instance: 'vm1',
      index: 0,
      name: undefined,
      uuid: `uuid-${tap}`,
      mac: parseMac('aa:00:00:9c:43:2a') ?? assert.fail(),
      mode: 'bridged',
      link: 'br0',
      vlan: undefined,
      ip: ip('192.0.2.10'),
      ip6: undefined,
      network: {
        ...{ name: 'pub', uuid: 'net-1', tags: [], gateway: ip('192.0.2.1'), gateway6: undefined },
        ...{ macPrefix: undefined },
        subnet: parseCidr4('192.0.2.0/24'),
        subnet6: parseCidr6('2001:db8:1::/64'),
      },
      instanceTags: undefined,
      ...nic,
    },
    ...{ stance: 'enforce', ifindex: 7, atSeconds: 0, config: '' },
    ...{ scriptDigest: undefined, rulesDigest: undefined, adoptedAtSeconds: undefined },
    left: {
      ...{ tap: name(tap), lookups: [], privateBridge: undefined, ovsBridge: undefined },
      ...{ script: undefined, proxies },
    },
  }
}

const port = (device: string, other?: NicRecord): SegmentPort => ({
  device: name(device),
  isTap: device.startsWith('tap'),
  record: other,
})
const plain = { isVlanAware: false, defaultVlan: 1 }
const addresses = ['192.0.2.10', '2001:db8:1:0:a800:ff:fe9c:432a', 'fe80::a800:ff:fe9c:432a']

t.test(
  'a bridged guest’s addresses are told on every other port of its network, as its own',
  async (t) => {
    const own = record('tap0')
    const ports = [port('eth1'), port('tap0', own), port('tap1', record('tap1'))]
    const voice = { mac: own.nic.mac, vlan: undefined, addresses }
    t.strictSame(voicesOf(own, { ...plain, ports }), [
      { device: 'eth1', ...voice },
      { device: 'tap1', ...voice },
    ])
  },
)

t.test('its own tap hears nothing: a guest that probes its address would give it up', async (t) => {
  const own = record('tap0')
  t.strictSame(voicesOf(own, { ...plain, ports: [port('tap0', own)] }), [])
})

t.test(
  'guests of other networks on the same bridge hear nothing, nor do unknown ones',
  async (t) => {
    const own = record('tap0')
    const network = own.nic.network && { ...own.nic.network, uuid: 'net-2' }
    const ports = [port('tap1', record('tap1', { network })), port('tap2')]
    t.strictSame(voicesOf(own, { ...plain, ports }), [])
  },
)

t.test(
  'on a VLAN-aware bridge frames to the world carry the tag, those to guests none',
  async (t) => {
    const vlan = { native: 100, tagged: [] }
    const own = record('tap0', { vlan })
    const others = [
      port('eth1'),
      port('tap1', record('tap1', { vlan })),
      port('tap2', record('tap2')),
    ]
    const told = voicesOf(own, { isVlanAware: true, defaultVlan: 1, ports: others })
    t.match(told, [
      { device: 'eth1', vlan: 100 },
      { device: 'tap1', vlan: undefined },
    ])
    t.equal(told.length, 2)
    const untagged = record('tap0', { vlan: { native: 1, tagged: [] } })
    const ports = [port('eth1')]
    t.match(voicesOf(untagged, { isVlanAware: true, defaultVlan: 1, ports }), [{ vlan: undefined }])
  },
)

t.test('which VLAN a trunk’s address belongs to is not known, so nothing is said', async (t) => {
  const own = record('tap0', { vlan: { native: undefined, tagged: [100, 200] } })
  t.strictSame(voicesOf(own, { isVlanAware: true, defaultVlan: 1, ports: [port('eth1')] }), [])
})

t.test(
  'a routed guest’s addresses are told where this host answers for them, as the host’s',
  async (t) => {
    const own = record('tap0', { mode: 'routed', link: 'vmrt' }, [
      { address: ip('203.0.113.7'), device: name('br0') },
      { address: ip6('2001:db8:2::7'), device: name('br0') },
      { address: ip6('2001:db8:2::1'), device: name('tap0') },
    ])
    t.strictSame(voicesOf(own, undefined), [
      {
        device: 'br0',
        mac: undefined,
        vlan: undefined,
        addresses: ['203.0.113.7', '2001:db8:2::7'],
      },
    ])
  },
)

t.test('switches of Open vSwitch and the administrator’s set-ups are left alone', async (t) => {
  for (const mode of ['openvswitch', 'ext'] as const)
    t.strictSame(voicesOf(record('tap0', { mode }), undefined), [])
})
