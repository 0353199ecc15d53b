import type { NicFacts } from '#nic/facts.js'
import {
  bridgedVariables as bridged,
  ifNames,
  routedVariables as routed,
  usualFacts,
  type Variables,
  without,
} from '../support/nic-setup.js'

/** A NIC, the configuration and the host that a plan is for. */
export interface PlanSample {
  readonly variables: Variables
  readonly sections: Readonly<Record<string, Variables>>
  readonly facts: NicFacts
}

const awareBridge = {
  mtu: 9000,
  isVlanAware: true,
  defaultVlan: 1,
  ports: ifNames('eth1', 'tap4'),
  isOurs: false,
}

/** One for each mode: docs/nic-setup.md shows their plans. */
export const samples: Readonly<Record<string, PlanSample>> = {
  bridged: { variables: bridged, sections: {}, facts: usualFacts },
  'bridged, VLANs': {
    variables: { ...bridged, VLAN: '.100:200' },
    sections: {},
    facts: { ...usualFacts, bridge: awareBridge },
  },
  'bridged, private VLAN': {
    variables: { ...bridged, LINK: 'prv7', BRIDGE: 'prv7' },
    sections: { nic: { private_uplink: 'eth1', private_bridges: 'prv* 900' } },
    facts: {
      ...usualFacts,
      bridge: undefined,
      privateVlan: { hasDevice: false, hasUplink: true, isOurs: false },
    },
  },
  routed: { variables: routed, sections: {}, facts: usualFacts },
  'routed, prefix of its own': {
    variables: { ...without(routed, 'LINK'), NETWORK_GATEWAY6: 'fe80::1' },
    sections: { nic: { own_prefix: '2001:db8:100::/48 64', proxy_on: 'none' } },
    facts: usualFacts,
  },
  openvswitch: {
    variables: {
      ...without(bridged, 'BRIDGE'),
      MODE: 'openvswitch',
      LINK: 'ovs0',
      VLAN: '.100:200',
    },
    sections: {},
    facts: { ...usualFacts, bridge: undefined },
  },
  ext: {
    variables: { ...without(bridged, 'BRIDGE'), MODE: 'ext', LINK: 'fabric7' },
    sections: {},
    facts: { ...usualFacts, bridge: undefined },
  },
}
