/** Why a rule refuses a frame: the comment of the rule, and what `okeanid nic why` says. One sentence each. */
export const refusalTexts = {
  'ethernet-source': 'its Ethernet source is not the NIC’s address',
  'group-rate': 'the guest sends more broadcasts and multicasts than [nic] allows',
  vlan: 'it has a VLAN tag that the NIC may not use',
  'ether-type': 'it is neither IPv4, IPv6 nor ARP, nor of a type that is allowed',
  'arp-format': 'its ARP is not that of IPv4 over Ethernet, or no request and no reply',
  'arp-sender-mac': 'its ARP sender has another hardware address than the NIC',
  'arp-sender': 'its ARP sender is an IPv4 address that is not the NIC’s',
  'arp-probe': 'it asks by ARP whether an address is free that is not the NIC’s',
  'arp-target': 'it asks by ARP for an address that this host does not answer for',
  rarp: 'its RARP announces another hardware address than the NIC’s',
  gateway: 'it claims an address of the network’s gateway',
  'ip4-source': 'its IPv4 source is not the NIC’s',
  'ip4-malformed': 'its IPv4 header contradicts itself',
  'dhcp4-server': 'it answers as a DHCP server',
  redirect: 'it is an ICMP redirect, which only routers send',
  'router-discovery': 'it is an ICMPv4 router advertisement (RFC 1256)',
  'multicast-router': 'it is a query or a hello that makes its sender a multicast router',
  'ip6-none': 'the NIC has no IPv6',
  'ip6-source': 'its IPv6 source is not the NIC’s',
  'ip6-malformed': 'its IPv6 headers contradict themselves',
  'ip6-fragment':
    'it is a fragment whose first part need not have all headers, which hides what it is (RFC 7112)',
  'dhcp6-server': 'it answers as a DHCPv6 server',
  'router-advertisement': 'it is a router advertisement',
  'nd-headers':
    'it is neighbour discovery in fragments or behind extension headers (RFC 6980, RFC 7113)',
  'nd-option': 'its neighbour discovery names another hardware address, or has unknown options',
  'nd-target': 'its neighbour advertisement is for an address that is not the NIC’s',
  'nd-probe': 'it asks whether an address is free that is not the NIC’s',
  'learn-taken': 'it asks whether an address is free that another guest is about to use',
  'learn-tentative': 'it uses an address before duplicate address detection has ended (RFC 6620)',
  'learn-full': 'the NIC has claimed as many addresses as it may',
  'mac-filter': 'its Ethernet source is none of the guest’s network',
  firewall: 'the firewall profile of the NIC has no such service',
  'firewall-invalid': 'it belongs to no connection that is known',
  'host-service': '[nic] host_services does not let guests open this on the host',
  'connection-cap': 'the guest has more connections open than it may',
} as const

/** One of {@link refusalTexts}. */
export type Refusal = keyof typeof refusalTexts
