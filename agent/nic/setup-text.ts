import { type IfName, parseIfName } from '#addr/if-name.js'
import { type Mac, parseMac } from '#addr/mac.js'
import { delegation, integer, listed, type Parse, wanted } from '#binding/setting-text.js'
import { err, ok } from '#result.js'
import { profileNameFault } from './firewall/profile-text.js'
import type { BridgeNames, CompleteSetup, OwnPrefixes } from './setup-settings.js'

/** A network interface. */
export const interfaceName: Parse<IfName> = (text) => wanted(parseIfName(text), 'an interface name')

/** Six octets: a hardware address, or a mask of them. */
export const hardwareAddress: Parse<Mac> = (text) =>
  wanted(parseMac(text), 'six octets like cc:47:52:4e:45:54')

/** A path from the root, without what a shell or a message would stumble over. */
export const absolutePath: Parse<string> = (text) =>
  wanted(/^\/[\w./+@-]{1,200}$/.test(text) ? text : undefined, 'an absolute path')

/** The name of a firewall profile. */
export const profileName: Parse<string> = (text) => {
  const fault = profileNameFault(text)
  return fault === undefined ? ok(text) : err(fault)
}

/** A pool, the length of each prefix, and what gives a NIC its number. */
export const ownPrefixes: Parse<OwnPrefixes> = (text) => {
  const [pool = '', length = '', by = 'ip', ...more] = listed(text)
  const parsed = delegation(`${pool} ${length}`)
  if (!parsed.ok) return parsed
  const numbered = by === 'ip' || by === 'mac' ? by : undefined
  if (numbered === undefined || more.length > 0) return err('wants a pool, a length, and ip or mac')
  const bits = parsed.value.length - parsed.value.pool.prefixLength
  return numbered === 'mac' && bits < 24
    ? err('wants a pool that is 24 bits shorter than the prefixes, to number them by mac')
    : ok({ ...parsed.value, by: numbered })
}

/** EtherTypes, not the ones that have rules of their own (IPv4, ARP, IPv6, VLAN tags), nor lengths (IEEE 802.3 §3.2.6). */
export const etherTypes: Parse<readonly number[]> = (text) => {
  const types = listed(text).map((member) =>
    /^(?:0x)?[0-9a-f]{4}$/i.test(member) ? Number.parseInt(member.replace(/^0x/i, ''), 16) : 0,
  )
  const isGood = types.every((type) => type >= 0x0600 && !ownEtherTypes.includes(type))
  return isGood && types.length <= 16
    ? ok([...new Set(types)])
    : err('wants at most 16 EtherTypes like 88cc, but not those of IPv4, ARP, IPv6 or VLAN tags')
}

const ownEtherTypes = [0x0800, 0x0806, 0x86dd, 0x8100, 0x88a8, 0x9100]

/** Frames a second, and how many at once. */
export const groupRate: Parse<Exclude<CompleteSetup['groupRate'], 'none'>> = (text) => {
  const [rate = '', most = '', ...more] = listed(text)
  const perSecond = integer(1, 1_000_000)(rate)
  const burst = integer(1, 1_000_000)(most)
  return perSecond.ok && burst.ok && more.length === 0
    ? ok({ perSecond: perSecond.value, burst: burst.value })
    : err('wants a number a second and a number at once: 1000 2000')
}

/** A bridge's name with a star for its number, and an offset. */
export const bridgeNames: Parse<BridgeNames> = (text) => {
  const [name = '', add = '0', ...more] = listed(text)
  const [, before, after] = /^([A-Za-z][A-Za-z0-9_.-]{0,9})\*([A-Za-z_.-]{0,4})$/.exec(name) ?? []
  const offset = integer(0, 4093)(add)
  return before !== undefined && after !== undefined && offset.ok && more.length === 0
    ? ok({ before, after, offset: offset.value })
    : err('wants a name with * for the number, and what is added to it: prv* 900')
}
