import { type Cidr6, parseCidr4, parseCidr6 } from '#addr/cidr.js'
import { type Ipv4, parseIpv4 } from '#addr/ipv4.js'
import { type Ipv6, parseIpv6 } from '#addr/ipv6.js'
import { err, ok, type Result } from '#result.js'
import type { ClasslessRoute } from './service.js'
import type { Delegation, NicSettings } from './settings.js'

/** Reads one value; the problem says what is wanted. */
export type Parse<T> = (text: string) => Result<T, string>

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** Whole seconds between two bounds, from `90s`, `5m`, `12h` or `7d`. */
export function seconds(min: number, max: number): Parse<number> {
  return (text) => {
    const [, digits, unit = ''] = /^(\d{1,10})\s*(s|m|h|d)$/.exec(text) ?? []
    if (digits === undefined) return err('wants a number with a unit: 10s, 5m, 1h or 7d')
    const value = Number(digits) * (unitSeconds[unit] ?? 1)
    return value >= min && value <= max ? ok(value) : err(`wants a time from ${min}s to ${max}s`)
  }
}

/** A whole number between two bounds. */
export function integer(min: number, max: number): Parse<number> {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : -1
    return value >= min && value <= max
      ? ok(value)
      : err(`wants a whole number from ${min} to ${max}`)
  }
}

/** A switch: yes/no, true/false, on/off, 1/0. */
export const yesNo: Parse<boolean> = (text) => {
  if (/^(?:yes|true|on|1)$/i.test(text)) return ok(true)
  return /^(?:no|false|off|0)$/i.test(text) ? ok(false) : err('wants yes or no')
}

/** One of several words. */
export function word<const T extends string>(...words: readonly T[]): Parse<T> {
  return (text) => {
    const found = words.find((candidate) => candidate === text)
    return found === undefined ? err(`wants one of ${words.join(', ')}`) : ok(found)
  }
}

/** A word that stands for itself, or a value. */
export function wordOr<const W extends string, T>(alone: W, parse: Parse<T>): Parse<T | W> {
  return (text) => {
    if (text === alone) return ok(alone)
    const parsed = parse(text)
    return parsed.ok ? parsed : err(`${parsed.problem}, or ${alone}`)
  }
}

/** An IPv4 address. */
export const ipv4: Parse<Ipv4> = (text) => wanted(parseIpv4(text), 'an IPv4 address')

/** A link-local IPv6 address (fe80::/10). */
export const linkLocal: Parse<Ipv6> = (text) => {
  const address = parseIpv6(text)
  return wanted(
    address !== undefined && /^fe[89ab]/.test(address) ? address : undefined,
    'a link-local IPv6 address',
  )
}

/** Most members of a list: what fits into one DHCPv4 option with some left. */
const maxListed = 32

/** The members of a list: separated by commas or spaces. */
export function listed(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((member) => member !== '')
}

/** Addresses of both families; only the families that occur are set, an empty text sets both to none. */
export function addresses(
  settings: (lists: {
    readonly v4: readonly Ipv4[] | undefined
    readonly v6: readonly Ipv6[] | undefined
  }) => NicSettings,
): Parse<NicSettings> {
  return (text) => {
    const members = listed(text)
    if (members.length > maxListed) return err(`wants at most ${maxListed} addresses`)
    const v4: Ipv4[] = []
    const v6: Ipv6[] = []
    for (const member of members) {
      const four = parseIpv4(member)
      const six = parseIpv6(member)
      if (four !== undefined) v4.push(four)
      else if (six !== undefined) v6.push(six)
      else return err(`${member} is no IP address`)
    }
    const isEmpty = members.length === 0
    return ok(
      settings({
        v4: v4.length > 0 || isEmpty ? v4 : undefined,
        v6: v6.length > 0 || isEmpty ? v6 : undefined,
      }),
    )
  }
}

const domainPattern =
  /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/

/** A domain name: labels of letters, digits, `-` and `_`, at most 63 each and 253 in all (RFC 1035 §2.3.4). */
export const domainName: Parse<string> = (text) => {
  const name = text.endsWith('.') ? text.slice(0, -1) : text
  return name.length <= 253 && domainPattern.test(name) ? ok(name) : err('wants a domain name')
}

/** Domain names. */
export const domainNames: Parse<readonly string[]> = (text) => {
  const names = listed(text)
  if (names.length > maxListed) return err(`wants at most ${maxListed} names`)
  const parsed = names.map((name) => domainName(name))
  const isGood = parsed.every(({ ok: isName }) => isName)
  return isGood
    ? ok(parsed.flatMap((one) => (one.ok ? [one.value] : [])))
    : err('wants domain names')
}

/** A URL that is told to guests: at most 255 bytes of printable ASCII (RFC 8910 §2 wants a URI). */
export const url: Parse<string> = (text) =>
  text === '' || /^https?:\/\/[\x21-\x7e]{1,240}$/.test(text)
    ? ok(text)
    : err('wants an http:// or https:// address')

/** An IPv6 network, host bits allowed. */
export const network6: Parse<Cidr6> = (text) => wanted(parseCidr6(text), 'an IPv6 network')

/** The lengths that RFC 8781 §4 can say. */
const pref64Lengths: readonly number[] = [32, 40, 48, 56, 64, 96]

/** A NAT64 prefix. */
export const nat64Prefix: Parse<Cidr6> = (text) => {
  const prefix = parseCidr6(text)
  return wanted(
    prefix !== undefined && pref64Lengths.includes(prefix.prefixLength) ? prefix : undefined,
    'an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits',
  )
}

/** A pool and the length of what is delegated: `2001:db8:100::/48 56`. */
export const delegation: Parse<Delegation> = (text) => {
  const [network = '', length = '', ...more] = listed(text)
  const pool = parseCidr6(network)
  const bits = integer(pool?.prefixLength ?? 0, 64)(length)
  return pool !== undefined && bits.ok && more.length === 0
    ? ok({ pool, length: bits.value })
    : err('wants an IPv6 pool and a length up to 64: 2001:db8:100::/48 56')
}

/** Routes, separated by commas: `198.51.100.0/24 192.0.2.9` for IPv4, `2001:db8:5::/48` for IPv6; as {@link addresses}. */
export const routes: Parse<NicSettings> = (text) => {
  const members = text.split(',').flatMap((member) => (member.trim() === '' ? [] : [member.trim()]))
  if (members.length > maxListed) return err(`wants at most ${maxListed} routes`)
  const v4: ClasslessRoute[] = []
  const v6: Cidr6[] = []
  for (const member of members) {
    const [network = '', hop = '', ...more] = member.split(/\s+/)
    const destination = parseCidr4(network)
    const gateway = parseIpv4(hop)
    const prefix = hop === '' ? parseCidr6(network) : undefined
    if (more.length > 0) return err(`${member} is no route`)
    if (destination && gateway) v4.push({ destination, gateway })
    else if (prefix) v6.push(prefix)
    else return err(`${member} is neither NETWORK GATEWAY of IPv4 nor NETWORK of IPv6`)
  }
  const isEmpty = members.length === 0
  return ok({
    ...(v4.length > 0 || isEmpty ? { routes4: v4 } : {}),
    ...(v6.length > 0 || isEmpty
      ? { routes6: v6.map((prefix) => ({ prefix, preference: 'medium' as const })) }
      : {}),
  })
}

/** The value, or what was wanted in its place. */
export function wanted<T>(value: T | undefined, what: string): Result<T, string> {
  return value === undefined ? err(`wants ${what}`) : ok(value)
}
