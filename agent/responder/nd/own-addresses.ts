import type { Cidr6 } from '#addr/cidr.js'
import { eui64Address, linkLocalOfMac } from '#addr/eui64.js'
import type { Ipv6 } from '#addr/ipv6.js'
import type { NicService } from '#binding/service.js'

/** The addresses that a NIC itself may have, as far as its binding tells: what it makes of its hardware address, and what it was given. */
export function ownAddresses(
  { mac, ip6 }: Pick<NicService, 'mac' | 'ip6'>,
  subnet: Cidr6,
): readonly Ipv6[] {
  return [linkLocalOfMac(mac), eui64Address(subnet, mac), ip6].filter((it) => it !== undefined)
}
