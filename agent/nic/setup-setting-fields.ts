import { fieldOf, type SettingField } from '#binding/setting-field.js'
import { integer, word, wordOr, yesNo } from '#binding/setting-text.js'
import { parseServices } from './firewall/service-text.js'
import type { CompleteSetup, SetupSettings } from './setup-settings.js'
import {
  absolutePath,
  bridgeNames,
  etherTypes,
  groupRate,
  hardwareAddress,
  interfaceName,
  ownPrefixes,
  profileName,
} from './setup-text.js'

const field = fieldOf<CompleteSetup, 'nic'>()

/** Every setting of section `[nic]`; each may stand in `[network NAME]` too. */
export const setupSettingFields: readonly SettingField<SetupSettings, 'nic'>[] = [
  field(
    'nic',
    'stance',
    'stance',
    'enforce',
    word('enforce', 'observe', 'disabled'),
    'Whether the rules of NICs drop (enforce), only count what they would drop (observe), or are not there at all (disabled). okeanid nic observe, enforce and disable say it for a while.',
  ),
  field(
    'nic',
    'ipv4Policy',
    'ipv4',
    'auto',
    word('auto', 'known', 'open', 'none'),
    'IPv4 sources and ARP senders that a guest may use: known (the address that Ganeti names and those of tags okeanid:allow; none without), open (any but the gateway’s) or none. auto: known where Ganeti names an IPv4 address or the NIC is routed, else open.',
  ),
  field(
    'nic',
    'ipv6Policy',
    'ipv6',
    'auto',
    word('auto', 'prefix', 'strict', 'learn', 'none', 'open'),
    'IPv6 sources: prefix (whatever lies in the NIC’s prefix), strict (addresses that Ganeti names, and those that the hardware address gives), learn (first come from duplicate address detection, RFC 6620; on routed NICs strict), none (no IPv6), open (any but the gateway’s). auto: prefix with a prefix of its own; else strict when routed and learn on bridges, where the network has an IPv6 subnet; else strict with an address, none when routed, open.',
  ),
  field(
    'nic',
    'maxLearntAddresses',
    'learnt_addresses',
    '16',
    integer(1, 1024),
    'Most IPv6 addresses that a guest may claim where they are learnt.',
  ),
  field(
    'nic',
    'ownPrefix',
    'own_prefix',
    'none',
    wordOr('none', ownPrefixes),
    'Pool and length of IPv6 prefixes of which each NIC gets one of its own: 2001:db8:100::/48 64. Its number is the place of the NIC’s IPv4 address in its subnet; with mac behind, the lower 24 bits of its hardware address.',
  ),
  field(
    'nic',
    'macFilter',
    'mac_filter',
    'auto',
    wordOr('auto', yesNo),
    'Whether only frames from hardware addresses that begin as the NIC’s own reach it: networks that share a bridge. auto: networks with tag private-filtered, mac-filtered or okeanid:mac-filtered.',
  ),
  field(
    'nic',
    'macMask',
    'mac_mask',
    'auto',
    wordOr('auto', hardwareAddress),
    'Which bits of hardware addresses are compared for that: ff:ff:ff:00:00:00. auto: those of Ganeti’s prefixes, three octets; with tag private-filtered (Synnefo’s) the first 20 bits.',
  ),
  field(
    'nic',
    'guestServers',
    'guest_servers',
    'auto',
    word('auto', 'refuse', 'allow'),
    'Whether guests may answer DHCP and advertise routers. auto: refused on networks where we serve, and router advertisements also where the network has an IPv6 gateway.',
  ),
  field(
    'nic',
    'etherTypes',
    'ethertypes',
    '',
    etherTypes,
    'Kinds of frames that guests may send beside IPv4, ARP and IPv6: hexadecimal EtherTypes above 05ff, separated by commas.',
  ),
  field(
    'nic',
    'groupRate',
    'group_rate',
    '1000 2000',
    wordOr('none', groupRate),
    'Broadcasts and multicasts a second that a guest may send for long, and how many at once; none for no limit.',
  ),
  field(
    'nic',
    'firewall',
    'firewall',
    'unprotected',
    profileName,
    'Firewall profile of NICs that no tag gives one, and of those whose tags are not known.',
  ),
  field(
    'nic',
    'hostServices',
    'host_services',
    '',
    wordOr('all', parseServices),
    'What guests of routed NICs may open on this host itself, beside DHCP and ICMP: tcp/53, udp/53; all for everything.',
  ),
  field(
    'nic',
    'gatewayMac',
    'gateway_mac',
    'cc:47:52:4e:45:54',
    hardwareAddress,
    'Hardware address of taps of routed NICs: the gateway’s as guests see it, the same on every node.',
  ),
  field(
    'nic',
    'proxyOn',
    'proxy_on',
    'auto',
    wordOr('none', wordOr('auto', interfaceName)),
    'Interface on which this host answers ARP and neighbour solicitations for routed guests. auto: that of the default route in the NIC’s routing table.',
  ),
  field(
    'nic',
    'privateUplink',
    'private_uplink',
    'none',
    wordOr('none', interfaceName),
    'Interface that carries the VLANs of private networks, each with a bridge that is made for its first NIC and removed with its last. none: all bridges are the administrator’s.',
  ),
  field(
    'nic',
    'privateBridges',
    'private_bridges',
    'prv* 0',
    bridgeNames,
    'How those bridges are called, with * for a number, and what is added to the number for the VLAN: with prv* 900, prv7 is VLAN 907. Numbers that make no VLAN from 1 to 4094 are bridges of the administrator’s.',
  ),
  field(
    'nic',
    'extScripts',
    'ext_scripts',
    '/etc/okeanid/ext',
    absolutePath,
    'Folder with the administrator’s scripts up and down for NICs of mode ext.',
  ),
]

const byName: ReadonlyMap<string, SettingField<SetupSettings, 'nic'>> = new Map(
  setupSettingFields.map((setting) => [setting.name, setting]),
)

/** The setting of this name. */
export function setupSettingNamed(name: string): SettingField<SetupSettings, 'nic'> | undefined {
  return byName.get(name)
}

/**
 * What several settings of one place say together.
 * @param onProblem a value that is wrong: it is left out. Names of other settings are passed over
 */
export function readSetup(
  texts: Iterable<readonly [string, string]>,
  onProblem: (name: string, message: string) => void,
): SetupSettings {
  let setup: SetupSettings = {}
  for (const [name, text] of texts) {
    const parsed = byName.get(name)?.parse(text)
    if (parsed?.ok === true) setup = { ...setup, ...parsed.value }
    else if (parsed !== undefined) onProblem(name, parsed.problem)
  }
  return setup
}

/** What every setting has when nobody says otherwise. */
export function defaultSetup(): CompleteSetup {
  const texts = setupSettingFields.map(({ name, defaultText }) => [name, defaultText] as const)
  return readSetup(texts, () => {}) as CompleteSetup
}
