import { duration, flag, integer } from '#service/config-fields.js'
import { shaped, words } from './central-fields.js'

const interfaceName = {
  pattern: /^[A-Za-z0-9_.-]{1,15}$/,
  wants: 'a name of an interface, at most 15 characters',
} as const

const networkIds = { pattern: /^[1-9]\d{0,14}$/, wants: 'numbers of networks' } as const

/** `[network]`: how networks of tenants are made at Ganeti, and where their values come from. */
export const networkSchema = {
  bridge: shaped('br0', 'Bridge of CUSTOM networks that name none.', interfaceName),
  mac_prefix: shaped(
    'aa:00:0',
    'First five hexadecimal digits of hardware addresses; the cluster’s own digit follows, and Ganeti draws the rest. Prefixes of MAC_FILTERED networks count up from it.',
    {
      pattern: /^[\da-f][26ae]:[\da-f]{2}:[\da-f]$/,
      wants: 'five hexadecimal digits of a local unicast address: aa:00:0',
    },
  ),
  mac_prefix_count: integer(
    '65536',
    'How many there may be; those that make no local unicast address are left out.',
    { min: 2, max: 65_536 },
  ),
  mac_filtered_bridge: shaped(
    'prv0',
    'Bridge that all MAC_FILTERED networks share; nodes keep them apart by their prefix.',
    interfaceName,
  ),
  vlan_bridge: shaped(
    'prv',
    'Bridges of PHYSICAL_VLAN networks: this and a number from 1 on. Nodes make them, or you did.',
    { pattern: /^[A-Za-z0-9_.-]{1,11}$/, wants: 'the beginning of a name of an interface' },
  ),
  vlan_count: integer('20', 'How many of them there are.', { min: 0, max: 4094 }),
  tenant_flavors: words(
    'MAC_FILTERED',
    'Flavors of networks that tenants may create, separated by commas; the first is the default: MAC_FILTERED, PHYSICAL_VLAN, CUSTOM, IP_LESS_ROUTED.',
    {
      pattern: /^(?:MAC_FILTERED|PHYSICAL_VLAN|CUSTOM|IP_LESS_ROUTED)$/,
      wants: 'MAC_FILTERED, PHYSICAL_VLAN, CUSTOM or IP_LESS_ROUTED',
    },
  ),
  largest_subnet: integer(
    '22',
    'Shortest prefix of an IPv4 subnet of a tenant’s: a row is kept for each of its addresses.',
    { min: 16, max: 29 },
  ),
  quarantine: duration(
    '1h',
    'How long an address, prefix or bridge that was given back is not given again.',
    { min: '0s', max: '30d' },
  ),
  default_networks: words('', 'Networks, by number, of servers that name none.', networkIds),
  forced_networks: words(
    '',
    'Networks, by number, that every server is connected to beside what it asks for.',
    networkIds,
  ),
  dhcp: flag('yes', 'Whether subnets that do not say so have DHCP.'),
} as const
