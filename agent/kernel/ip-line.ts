import { type Cidr4, type Cidr6, parseCidr4, parseCidr6 } from '#addr/cidr.js'
import { ipv4Bytes, parseIpv4 } from '#addr/ipv4.js'
import { ipv6Bytes, parseIpv6 } from '#addr/ipv6.js'
import { macBytes, parseMac } from '#addr/mac.js'
import { attribute, bytes32, bytesOfText, netlinkFlags, netlinkMessage } from '#wire/netlink.js'
import { readTableNumbers } from './table-numbers.js'

/** Gives the number of an interface; throws what the system says when there is none. */
export type IndexOf = (name: string) => number

/** Makes the message for the kernel; throws what `indexOf` throws. */
export type IpRequest = (indexOf: IndexOf) => Uint8Array

/**
 * The message of rtnetlink that `ip` would send for a line of `ip -batch`; undefined for lines of other kinds than a NIC's set-up has:
 * those are for `ip` itself. A NIC's set-up has half a dozen lines, and each program that is run costs as much as fifty of them.
 */
export function parseIpLine(line: string): IpRequest | undefined {
  const words = line.trim().split(/\s+/)
  const family = words[0] === '-6' ? inet6 : inet4
  const [noun, verb = '', ...rest] = /^-[46]$/.test(words[0] ?? '') ? words.slice(1) : words
  switch (`${noun} ${verb}`) {
    case 'link set':
      return linkSet(rest)
    case 'addr replace':
      return addressReplace(rest)
    case 'neigh replace':
    case 'neigh del':
      return neighbour(verb, rest)
    case 'route replace':
      return routeReplace(rest)
    case 'rule add':
    case 'rule del':
      return rule(verb, { family, words: rest })
    default:
      return undefined
  }
}

// linux/socket.h, linux/rtnetlink.h, linux/if.h, linux/if_addr.h, linux/neighbour.h, linux/fib_rules.h
const inet4 = 2
const inet6 = 10
const types = { link: 16, address: 20, route: 24, neighbour: 28, rule: 32 } as const
const interfaceUp = 1
const noDuplicateDetection = 2
const permanent = 0x80
const proxy = 8
const mainTable = 254
const scopes = { everywhere: 0, link: 253 } as const
const unicast = 1
const toTable = 1

const { request, acknowledge, create, replace, exclusive } = netlinkFlags
const change = request | acknowledge

function linkSet(words: readonly string[]): IpRequest | undefined {
  const values = read(words, {
    pairs: ['dev', 'address', 'mtu', 'master'],
    flags: ['up', 'down', 'nomaster'],
  })
  const device = values?.get('dev')
  if (values === undefined || device === undefined) return undefined
  const [mac, mtu, master] = ['address', 'mtu', 'master'].map((word) => values.get(word))
  const address = mac === undefined ? undefined : parseMac(mac)
  if (mac !== undefined && address === undefined) return undefined
  if (mtu !== undefined && !isNumber(mtu)) return undefined
  const isUp = values.has('up')
  const changed = isUp || values.has('down') ? interfaceUp : 0
  return (indexOf) =>
    netlinkMessage({
      type: types.link,
      flags: change,
      parts: [
        Uint8Array.of(0, 0, 0, 0),
        bytes32(indexOf(device)),
        bytes32(isUp ? interfaceUp : 0),
        bytes32(changed),
        ...(address === undefined ? [] : [attribute(1, macBytes(address))]),
        ...(mtu === undefined ? [] : [attribute(4, bytes32(Number(mtu)))]),
        ...(master === undefined ? [] : [attribute(10, bytes32(indexOf(master)))]),
        ...(values.has('nomaster') ? [attribute(10, bytes32(0))] : []),
      ],
    })
}

function addressReplace([text = '', ...words]: readonly string[]): IpRequest | undefined {
  const values = read(words, { pairs: ['dev'], flags: ['nodad'] })
  const cidr = parseNetwork(text)
  const device = values?.get('dev')
  if (cidr === undefined || device === undefined) return undefined
  const flags = values?.has('nodad') === true ? noDuplicateDetection : 0
  return (indexOf) =>
    netlinkMessage({
      type: types.address,
      flags: change | create | replace,
      parts: [
        Uint8Array.of(cidr.family, cidr.prefixLength, flags, scopes.everywhere),
        bytes32(indexOf(device)),
        attribute(2, cidr.bytes),
        attribute(1, cidr.bytes),
      ],
    })
}

function neighbour(verb: string, words: readonly string[]): IpRequest | undefined {
  const isProxy = words[0] === 'proxy'
  const [text = '', ...rest] = isProxy ? words.slice(1) : words
  const values = read(rest, { pairs: isProxy ? ['dev'] : ['dev', 'lladdr', 'nud'], flags: [] })
  const [device, lladdr, state = 'permanent'] = ['dev', 'lladdr', 'nud'].map((word) =>
    values?.get(word),
  )
  const address = parseAddress(text)
  const mac = lladdr === undefined ? undefined : parseMac(lladdr)
  if (address === undefined || device === undefined || state !== 'permanent') return undefined
  if (lladdr !== undefined && mac === undefined) return undefined
  const isNew = verb === 'replace'
  return (indexOf) =>
    netlinkMessage({
      type: isNew ? types.neighbour : types.neighbour + 1,
      flags: isNew ? change | create | replace : change,
      parts: [
        Uint8Array.of(address.family, 0, 0, 0),
        bytes32(indexOf(device)),
        Uint8Array.of(permanent, 0, isProxy ? proxy : 0, 0),
        attribute(1, address.bytes),
        ...(mac === undefined ? [] : [attribute(2, macBytes(mac))]),
      ],
    })
}

function routeReplace([text = '', ...words]: readonly string[]): IpRequest | undefined {
  const values = read(words, { pairs: ['dev', 'via', 'table', 'proto'], flags: [] })
  const cidr = parseNetwork(text)
  const device = values?.get('dev')
  const via = values?.get('via')
  const hop = via === undefined ? undefined : parseAddress(via)
  const [table = 'main', protocol = ''] = ['table', 'proto'].map((word) => values?.get(word))
  const tableNumber = parseTable(table)
  if (cidr === undefined || device === undefined || tableNumber === undefined) return undefined
  if (!isNumber(protocol) || (via !== undefined && hop?.family !== cidr.family)) return undefined
  const scope = hop === undefined ? scopes.link : scopes.everywhere
  return (indexOf) =>
    netlinkMessage({
      type: types.route,
      flags: change | create | replace,
      parts: [
        Uint8Array.of(cidr.family, cidr.prefixLength, 0, 0, 0, Number(protocol), scope, unicast),
        bytes32(0),
        attribute(1, cidr.bytes),
        attribute(4, bytes32(indexOf(device))),
        attribute(15, bytes32(tableNumber)),
        ...(hop === undefined ? [] : [attribute(5, hop.bytes)]),
      ],
    })
}

function rule(
  verb: string,
  { family, words }: { readonly family: number; readonly words: readonly string[] },
): IpRequest | undefined {
  const isNew = verb === 'add'
  const values = read(words, {
    pairs: isNew ? ['iif', 'pref', 'lookup', 'protocol'] : ['iif', 'pref'],
    flags: [],
  })
  const device = values?.get('iif')
  const [preference, table, protocol] = ['pref', 'lookup', 'protocol'].map((word) =>
    values?.get(word),
  )
  const tableNumber = table === undefined ? undefined : parseTable(table)
  if (device === undefined) return undefined
  if (isNew && (tableNumber === undefined || protocol === undefined || preference === undefined))
    return undefined
  if ([preference, protocol].some((text) => text !== undefined && !isNumber(text))) return undefined
  return () =>
    netlinkMessage({
      type: isNew ? types.rule : types.rule + 1,
      flags: isNew ? change | create | exclusive : change,
      parts: [
        Uint8Array.of(family, 0, 0, 0, 0, 0, 0, isNew ? toTable : 0),
        bytes32(0),
        attribute(3, bytesOfText(device)),
        ...(preference === undefined ? [] : [attribute(6, bytes32(Number(preference)))]),
        ...(tableNumber === undefined ? [] : [attribute(15, bytes32(tableNumber))]),
        ...(protocol === undefined ? [] : [attribute(21, Uint8Array.of(Number(protocol)))]),
      ],
    })
}

/** Words of a line by name: pairs with their value, flags with none; undefined when there is any other word, or one twice. */
function read(
  words: readonly string[],
  { pairs, flags }: { readonly pairs: readonly string[]; readonly flags: readonly string[] },
): ReadonlyMap<string, string> | undefined {
  const values = new Map<string, string>()
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (values.has(word)) return undefined
    if (flags.includes(word)) values.set(word, '')
    else if (pairs.includes(word) && at + 1 < words.length) values.set(word, words[++at] ?? '')
    else return undefined
  }
  return values
}

/** The number of a routing table; undefined for a name that is none here. */
export function parseTable(text: string): number | undefined {
  if (text === 'main') return mainTable
  const number = isNumber(text) ? text : readTableNumbers().get(text)
  return number === undefined ? undefined : Number(number)
}

interface Bytes {
  readonly family: number
  readonly bytes: Uint8Array
}

function parseAddress(text: string): Bytes | undefined {
  const ip = parseIpv4(text)
  if (ip !== undefined) return { family: inet4, bytes: ipv4Bytes(ip) }
  const ip6 = parseIpv6(text)
  return ip6 === undefined ? undefined : { family: inet6, bytes: ipv6Bytes(ip6) }
}

function parseNetwork(text: string): (Bytes & { readonly prefixLength: number }) | undefined {
  const cidr: Cidr4 | Cidr6 | undefined = parseCidr4(text) ?? parseCidr6(text)
  const address = cidr === undefined ? parseAddress(text) : parseAddress(cidr.address)
  if (address === undefined) return undefined
  return { ...address, prefixLength: cidr?.prefixLength ?? address.bytes.length * 8 }
}

function isNumber(text: string): boolean {
  return /^\d{1,9}$/.test(text)
}
