import { type Cidr4, type Cidr6, parseCidr4, parseCidr6 } from '#addr/cidr.js'
import { parseIpv4 } from '#addr/ipv4.js'
import { parseIpv6 } from '#addr/ipv6.js'
import { isGroupMac, type Mac, parseMac } from '#addr/mac.js'
import type { Nic } from '#nic/nic.js'
import { isMeant } from './tags.js'

/** What a NIC may send from beside its own addresses. */
export interface Allows {
  readonly macs: readonly Mac[]
  readonly cidrs4: readonly Cidr4[]
  readonly cidrs6: readonly Cidr6[]
  /** Tags that say nothing that could be understood; they allow nothing. */
  readonly problems: readonly string[]
}

/**
 * Reads the tags `okeanid:allow:<nic>:<cidr|mac>` of a NIC's instance (NIC by index, name, UUID, or `*`) and
 * `okeanid:allow:<cidr|mac>` of its network. An address without a prefix length is that address alone.
 */
export function allowsOf(nic: Nic): Allows {
  const macs: Mac[] = []
  const cidrs4: Cidr4[] = []
  const cidrs6: Cidr6[] = []
  const problems: string[] = []
  for (const { tag, value } of allowTags(nic)) {
    const mac = parseMac(value)
    const cidr4 = parseCidr4(value) ?? host4(value)
    const cidr6 = parseCidr6(value) ?? host6(value)
    if (mac !== undefined && !isGroupMac(mac)) macs.push(mac)
    else if (cidr4 !== undefined) cidrs4.push(cidr4)
    else if (cidr6 !== undefined) cidrs6.push(cidr6)
    else problems.push(`tag ${tag}: wants a network, an address or a hardware address of one host`)
  }
  return { macs, cidrs4, cidrs6, problems }
}

function allowTags(nic: Nic): readonly { readonly tag: string; readonly value: string }[] {
  const ofInstance = (nic.instanceTags ?? []).flatMap((tag) => {
    const [, selector, value] = /^okeanid:allow:([^:]+):(.+)$/.exec(tag) ?? []
    const isOurs = selector !== undefined && isMeant(nic, selector)
    return isOurs && value !== undefined ? [{ tag, value }] : []
  })
  const ofNetwork = (nic.network?.tags ?? []).flatMap((tag) => {
    const [, value] = /^okeanid:allow:(.+)$/.exec(tag) ?? []
    return value === undefined ? [] : [{ tag, value }]
  })
  return [...ofInstance, ...ofNetwork]
}

function host4(text: string): Cidr4 | undefined {
  const address = parseIpv4(text)
  return address && { address, prefixLength: 32 }
}

function host6(text: string): Cidr6 | undefined {
  const address = parseIpv6(text)
  return address && { address, prefixLength: 128 }
}
