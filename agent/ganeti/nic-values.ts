import { parseCidr4, parseCidr6 } from '#addr/cidr.js'
import { parseIfName } from '#addr/if-name.js'
import { parseIpv4 } from '#addr/ipv4.js'
import { parseIpv6 } from '#addr/ipv6.js'
import { isGroupMac, parseMac } from '#addr/mac.js'
import type { NetworkDescription, NicDescription } from './nic-words.js'
import { nicModes } from './nic-words.js'
import { parseVlan } from './vlan.js'

/** Where values come from, by the name that a problem is told with. */
export interface NicSource {
  /** The text of a variable or key; undefined and empty are the same: not set. */
  readonly text: (name: string) => string | undefined
  /** Notes a problem: a sentence of printable ASCII. */
  readonly note: (problem: string) => void
}

/** The value of a name as it is wanted; a problem when it is set and wrong. */
export function optional<T>(
  { text, note }: NicSource,
  name: string,
  { parse, what }: { readonly parse: (text: string) => T | undefined; readonly what: string },
): T | undefined {
  const found = text(name)
  if (found === undefined || found === '') return undefined
  const value = parse(found)
  if (value === undefined) note(`${name} wants ${what}, not ${shown(found)}`)
  return value
}

/** As {@link optional}, and a problem when it is not set. */
export function required<T>(
  source: NicSource,
  name: string,
  wish: { readonly parse: (text: string) => T | undefined; readonly what: string },
): T | undefined {
  const found = source.text(name)
  if (found !== undefined && found !== '') return optional(source, name, wish)
  source.note(`${name} is missing`)
  return undefined
}

/** What was found, as a message may show it: printable ASCII, and not too long. */
export function shown(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?')
  return plain.length > 60 ? `'${plain.slice(0, 57)}...'` : `'${plain}'`
}

/** The name of a NIC or network: only people need it, so one that cannot be shown is as good as none, and told to `warn`. */
export function label(
  { text }: NicSource,
  name: string,
  warn: (warning: string) => void,
): string | undefined {
  const found = text(name)
  if (found === undefined || found === '') return undefined
  const value = kinds.name.parse(found)
  if (value === undefined)
    warn(`${name} is not ${kinds.name.what} and was left out: ${shown(found)}`)
  return value
}

/** Addresses of either family in one word. */
export function address(source: NicSource, name: string): Pick<NicDescription, 'ip' | 'ip6'> {
  const found = optional(source, name, {
    what: 'an IP address',
    parse: (text) => {
      const ip = parseIpv4(text)
      const ip6 = parseIpv6(text)
      return ip === undefined && ip6 === undefined ? undefined : { ip, ip6 }
    },
  })
  return found ?? { ip: undefined, ip6: undefined }
}

/** Words of a list, separated by spaces. */
export function words(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '')
}

/** Tags are a set, which Ganeti tells in any order: the same ones are always the same list here. */
export function tagList(tags: readonly string[]): readonly string[] {
  return [...new Set(tags)].sort()
}

/** Each kind of value, and what it is called. */
export const kinds = {
  ifName: { parse: parseIfName, what: 'an interface name' },
  mac: { parse: parseNicMac, what: 'a unicast hardware address' },
  ipv4: { parse: parseIpv4, what: 'an IPv4 address' },
  ipv6: { parse: parseIpv6, what: 'an IPv6 address' },
  cidr4: { parse: parseCidr4, what: 'an IPv4 network' },
  cidr6: { parse: parseCidr6, what: 'an IPv6 network' },
  vlan: { parse: parseVlan, what: 'VLANs like .100, :100:200 or .100:200' },
  mode: {
    parse: (text: string) => nicModes.find((mode) => mode === text),
    what: `one of ${nicModes.join(', ')}`,
  },
  instance: { parse: pattern(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/), what: 'a name' },
  name: { parse: pattern(/^[\x20-\x7e]{1,255}$/), what: 'a name of printable ASCII' },
  uuid: { parse: pattern(/^[0-9A-Fa-f-]{1,64}$/), what: 'a UUID' },
  link: { parse: pattern(/^[A-Za-z0-9_.@-]{1,64}$/), what: 'a bridge, switch or routing table' },
  macPrefix: {
    parse: (text: string) => pattern(/^[0-9a-f]{2}(?::[0-9a-f]{2}){2}$/)(text.toLowerCase()),
    what: 'three octets like aa:00:01',
  },
  index: { parse: parseIndex, what: 'a whole number' },
} as const

/** A network; without a name that can be shown it is called by its UUID. */
export function network(
  source: NicSource,
  { name, uuid, tags, of, warn }: NetworkNames,
): NetworkDescription | undefined {
  const id = required(source, uuid, kinds.uuid)
  const rest = {
    tags,
    subnet: optional(source, of.subnet, kinds.cidr4),
    gateway: optional(source, of.gateway, kinds.ipv4),
    subnet6: optional(source, of.subnet6, kinds.cidr6),
    gateway6: optional(source, of.gateway6, kinds.ipv6),
    macPrefix: optional(source, of.macPrefix, kinds.macPrefix),
  }
  if (id === undefined) return undefined
  return { name: label(source, name, warn) ?? id, uuid: id, ...rest }
}

/** What a network's values are called where they come from. */
export interface NetworkNames {
  /** Is told what was left out. */
  readonly warn: (warning: string) => void
  readonly name: string
  readonly uuid: string
  readonly tags: readonly string[]
  readonly of: Readonly<Record<'subnet' | 'gateway' | 'subnet6' | 'gateway6' | 'macPrefix', string>>
}

function parseNicMac(text: string): ReturnType<typeof parseMac> {
  const mac = parseMac(text)
  return mac === undefined || isGroupMac(mac) ? undefined : mac
}

function parseIndex(text: string): number | undefined {
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined
}

function pattern(wanted: RegExp): (text: string) => string | undefined {
  return (text) => (wanted.test(text) ? text : undefined)
}
