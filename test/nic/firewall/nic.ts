import { parseIfName } from '#addr/if-name.js'
import { parseMac } from '#addr/mac.js'
import type { DesiredNic, Firewall } from '#nic/desired.js'
import type { Nic } from '#nic/nic.js'

/** A NIC with these tags of its instance; `changes` stand above the rest. */
export function nicWith(
  instanceTags: readonly string[] | undefined,
  changes: Partial<Nic> = {},
): Nic {
  const tap = parseIfName('tap3')
  const mac = parseMac('aa:00:00:00:00:03')
  if (tap === undefined || mac === undefined) throw new Error('no tap, no MAC')
  return {
    tap,
    mac,
    instance: 'vm1.example.com',
    index: 0,
    name: 'front',
    uuid: '7a6b1c3e-0000-4000-8000-000000000001',
    mode: 'bridged',
    link: 'br0',
    vlan: undefined,
    ip: undefined,
    ip6: undefined,
    network: undefined,
    instanceTags,
    ...changes,
  }
}

/** What is decided for a NIC with this firewall; `changes` stand above the rest. */
export function desiredWith(
  inbound: Firewall['inbound'],
  changes: Partial<DesiredNic> = {},
): DesiredNic {
  const nic = nicWith([])
  const bridge = parseIfName('br0')
  if (bridge === undefined) throw new Error('no bridge')
  return {
    nic,
    stance: 'enforce',
    attachment: { kind: 'bridged', bridge, vlan: undefined, privateVlan: undefined },
    guard: {
      macs: [nic.mac],
      sources4: undefined,
      sources6: { policy: 'open' },
      gateways4: [],
      gateways6: [],
      arpTargets: undefined,
      refuses: { dhcp4: false, dhcp6: false, ra: false },
      taggedVlans: [],
      etherTypes: [],
      macFilter: undefined,
      hostServices: undefined,
      groupRate: undefined,
    },
    firewall: { profile: 'test', isKnown: true, inbound },
    ...changes,
  }
}
