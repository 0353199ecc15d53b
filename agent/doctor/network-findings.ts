import { broken, type Finding, note } from './finding.js'

/** What of this host's network others have set, beside rules and queues. */
export interface NetworkFacts {
  /** Interfaces that the configuration names and that are not there. */
  readonly missing: readonly { readonly key: string; readonly name: string }[]
  /** Bridges that served taps are ports of. */
  readonly bridges: readonly {
    readonly name: string
    readonly isUp: boolean
    /** A port that is no tap of a guest. */
    readonly hasUplink: boolean
  }[]
  /** Served taps of mode bridged that are in no bridge. */
  readonly loose: readonly string[]
  /** Who listens on UDP port 67, where taps get DHCP from us. */
  readonly dhcpServers: readonly { readonly address: string; readonly owner: string | undefined }[]
  /** `net.ipv4.conf.all.rp_filter` is 1, and taps are routed. */
  readonly isStrict: boolean
  readonly tracked: { readonly count: number; readonly max: number } | undefined
}

/** Of the table of connections; beyond it the kernel drops what is new. */
const nearlyFull = 0.9

/** What keeps guests from the network although every rule is right. */
export function networkFindings(facts: NetworkFacts): readonly Finding[] {
  const { missing, bridges, loose, dhcpServers, isStrict, tracked } = facts
  return [
    ...missing.map(({ key, name }) =>
      broken(
        'network',
        `${key} names the interface ${name}, which this host has not`,
        'ip link shows all; set it for this node in /etc/okeanid/okeanid.d/local.ini',
      ),
    ),
    ...bridges.flatMap(({ name, isUp, hasUplink }) => [
      ...(isUp
        ? []
        : [
            broken(
              'network',
              `bridge ${name} is down: its guests reach nobody`,
              `ip link set ${name} up, and see why in /etc/network/interfaces`,
            ),
          ]),
      ...(hasUplink
        ? []
        : [
            note(
              'network',
              `bridge ${name} has no port but guests: they reach those of this node only`,
              `ip link set UPLINK master ${name}; nothing to do where the bridge shall be private, or routed by this host`,
            ),
          ]),
    ]),
    ...loose.map((tap) =>
      broken(
        'network',
        `${tap} is of mode bridged and in no bridge`,
        'okeanid nic repair --dry-run says where it belongs; somebody else took it out',
      ),
    ),
    ...dhcpServers.map(({ address, owner }) =>
      note(
        'network',
        `${owner ?? 'somebody'} answers DHCP as well, on ${address}, port 67: to guests of bridges whatever we let pass, and all while our responder is away`,
        /dnsmasq/.test(owner ?? '')
          ? 'systemctl disable --now dnsmasq, or dnsmasq’s except-interface and no-dhcp-interface for bridges of guests'
          : 'stop it, or keep it to interfaces without guests',
      ),
    ),
    ...(isStrict
      ? [
          broken(
            'network',
            'net.ipv4.conf.all.rp_filter is 1, and the kernel takes the stricter of it and a tap’s own: what routed guests send is dropped',
            'sysctl net.ipv4.conf.all.rp_filter=0, in /etc/sysctl.d as well; our rules check senders tap by tap',
          ),
        ]
      : []),
    ...(tracked !== undefined && tracked.count >= tracked.max * nearlyFull
      ? [
          broken(
            'network',
            `the kernel tracks ${tracked.count} connections of at most ${tracked.max}: new ones of all guests are dropped when it is full`,
            `sysctl net.netfilter.nf_conntrack_max=${tracked.max * 4}; conntrack -L says whose they are`,
          ),
        ]
      : []),
  ]
}
