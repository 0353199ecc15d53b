import { field, type SettingField } from './setting-field.js'
import { delegation, word, wordOr, yesNo } from './setting-text.js'

/** Settings of networks and bindings, and what becomes of packets while nobody answers. */
export const networkSettingFields: readonly SettingField[] = [
  field(
    'network',
    'dhcp',
    'dhcp',
    'auto',
    wordOr('auto', yesNo),
    'Whether DHCPv4 is answered. auto: when the network is served.',
  ),
  field(
    'network',
    'ra',
    'ra',
    'auto',
    wordOr('auto', yesNo),
    'Whether routers are advertised. auto: when the network is served and the NIC is routed; on bridges the real router does it.',
  ),
  field(
    'network',
    'isGateway',
    'gateway',
    'auto',
    wordOr('auto', yesNo),
    'Whether this host is the router of the NIC. auto: when the NIC is routed.',
  ),
  field(
    'network',
    'hasDefaultRoute',
    'default_route',
    'yes',
    yesNo,
    'Whether the NIC gets a default route. no for private networks beside another NIC.',
  ),
  field(
    'network',
    'checksSource',
    'check_source',
    'yes',
    yesNo,
    'Whether packets with another Ethernet source than the NIC’s are refused.',
  ),
  field(
    'network',
    'delegation',
    'delegation',
    'none',
    wordOr('none', delegation),
    'Pool and length of the prefixes that DHCPv6 delegates: 2001:db8:100::/48 56. A NIC gets the one with the number of its IPv4 address in its subnet.',
  ),
  field(
    'queueing',
    'whenDown',
    'when_down',
    'pass',
    word('pass', 'drop'),
    'What becomes of the guests’ DHCP and router solicitations while nobody answers: pass or drop.',
  ),
]
