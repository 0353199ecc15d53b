import { contains4 } from '#addr/cidr.js'
import type { Guard } from '#nic/desired.js'
import { cidr4Text, noneOf, ofEtherType, type Refuse } from './rule-text.js'

/** Ports and ICMP types stand in the first fragment; Linux 6.12 compares what later ones have in their place. */
const firstFragment = 'ip frag-off & 0x1fff == 0'

/** IPv4: servers that the guest must not play, then its source, in every fragment. */
export function ip4Rules(
  { sources4, gateways4, refuses }: Guard,
  refuse: Refuse,
): readonly string[] {
  const own = sources4?.map(cidr4Text)
  const gateways = gateways4.filter(
    (gateway) => sources4 === undefined || sources4.some((cidr) => contains4(cidr, gateway)),
  )
  return [
    ...(refuses.dhcp4
      ? [refuse(`ip protocol udp ${firstFragment} udp dport 68`, 'dhcp4-server')]
      : []),
    refuse(`ip protocol icmp ${firstFragment} icmp type redirect`, 'redirect'),
    ...(refuses.ra
      ? [
          refuse(
            `ip protocol icmp ${firstFragment} icmp type router-advertisement`,
            'router-discovery',
          ),
          refuse('ip protocol igmp igmp type membership-query', 'multicast-router'),
          // multicast router advertisement (RFC 4286 3.1)
          refuse('ip protocol igmp igmp type 0x30', 'multicast-router'),
          refuse('ip protocol 103', 'multicast-router'),
        ]
      : []),
    // a client without address (RFC 2131 4.1), and who joins a group before it has one (RFC 3376 4.2.13)
    'ip saddr 0.0.0.0 ip daddr 255.255.255.255 ip protocol udp udp sport 68 udp dport 67 accept',
    'ip saddr 0.0.0.0 ip protocol igmp accept',
    ...gateways.map((gateway) => refuse(`ip saddr ${gateway}`, 'gateway')),
    ...(own === undefined
      ? neverSources.map((network) => refuse(`ip saddr ${network}`, 'ip4-source'))
      : [refuse(own.length === 0 ? ofEtherType('ip') : noneOf('ip saddr', own), 'ip4-source')]),
    // headers that contradict themselves have no protocol as far as the kernel says
    `${ofEtherType('ip')} meta l4proto != 255 accept`,
    refuse(ofEtherType('ip'), 'ip4-malformed'),
  ]
}

/** No host has these: this network, loopback, groups and what is reserved (RFC 1122 3.2.1.3). */
const neverSources = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3']
