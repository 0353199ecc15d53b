import { parseCidr6 } from '#addr/cidr.js'
import { eui64Address } from '#addr/eui64.js'
import { type Ipv4, parseIpv4 } from '#addr/ipv4.js'
import { type Ipv6, parseIpv6 } from '#addr/ipv6.js'
import { type Mac, parseMac } from '#addr/mac.js'

/** A variable of a hook without `GANETI_`; undefined where it is not set, or says nothing. */
export type HookWord = (name: string) => string | undefined

/** A NIC that an instance has after an operation. */
export interface HookNic {
  readonly mode: string | undefined
  readonly link: string | undefined
  readonly vlan: string | undefined
  readonly mac: Mac | undefined
  /** The one that Ganeti names, and the one that a host makes of its hardware address in a network with an IPv6 /64. */
  readonly addresses: readonly (Ipv4 | Ipv6)[]
}

/** Most NICs of an instance that are looked at; Ganeti allows eight. */
const maxNics = 64

/** The words of an environment: what is empty, or Python's None, says nothing. */
export function hookWords(variable: (name: string) => string | undefined): HookWord {
  return (name) => {
    const value = variable(`GANETI_${name}`)
    return value === '' || value === 'None' ? undefined : value
  }
}

/** The NICs of an instance as they are after the operation, or, where the hook does not say, as they were before. */
export function hookNics(word: HookWord): readonly HookNic[] {
  const after: HookWord = (name) => word(`POST_INSTANCE_${name}`) ?? word(`INSTANCE_${name}`)
  const count = Math.min(Number(after('NIC_COUNT') ?? 0), maxNics)
  return Array.from({ length: Number.isInteger(count) ? Math.max(0, count) : 0 }, (_, index) => {
    const own: HookWord = (name) => after(`NIC${index}_${name}`)
    const [ip, mac, subnet6] = [own('IP'), parseMac(own('MAC') ?? ''), own('NETWORK_SUBNET6')]
    const named = ip === undefined ? undefined : (parseIpv4(ip) ?? parseIpv6(ip))
    const subnet = subnet6 === undefined ? undefined : parseCidr6(subnet6)
    const made = subnet && mac && eui64Address(subnet, mac)
    const addresses = [named, made].filter((address) => address !== undefined)
    return { mode: own('MODE'), link: own('LINK'), vlan: own('VLAN'), mac, addresses }
  })
}
