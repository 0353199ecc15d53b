import { ipv4Bytes, parseIpv4 } from '#addr/ipv4.js'
import { ipv6Bytes, parseIpv6 } from '#addr/ipv6.js'
import { err, ok } from '#result.js'
import type { BootRule } from './service.js'
import { domainName, listed, type Parse, wanted } from './setting-text.js'

/** Longest raw option, in bytes: more does not fit into the smallest answer that every client takes. */
const maxOptionBytes = 255

/**
 * The bytes of an option: `hex:0a0b`, `text:words`, `ip:192.0.2.1` (either family, several with commas),
 * `domain:example.com` (RFC 1035 §3.1, uncompressed), `u8:`, `u16:` or `u32:` with a number.
 */
export const optionBytes: Parse<Uint8Array> = (text) => {
  const [, kind = '', body = ''] = /^([a-z0-9]+):(.*)$/s.exec(text) ?? []
  const value = bytesOf(kind, body)
  return wanted(
    value !== undefined && value.length <= maxOptionBytes ? value : undefined,
    'hex:…, text:…, ip:…, domain:…, u8:…, u16:… or u32:…, at most 255 bytes',
  )
}

/** A DUID of 3 to 130 bytes as hexadecimal digits, colons allowed (RFC 9915 §11.1). */
export const duid: Parse<Uint8Array> = (text) => {
  const value = hexBytes(text.replaceAll(':', ''))
  const isDuid = value !== undefined && value.length >= 3 && value.length <= 130
  return wanted(isDuid ? value : undefined, 'a DUID of 3 to 130 bytes in hexadecimal digits')
}

/**
 * A boot rule: words `arch:7+9` (numbers of RFC 4578 §2.1), `class:iPXE`, `server:192.0.2.5` and, last and always,
 * `file:PATH`.
 */
export const bootRule: Parse<BootRule> = (text) => {
  const [, head = '', file = ''] =
    /^((?:(?:arch|class|server):\S+\s+)*)file:(\S+)$/.exec(text) ?? []
  const words = new Map<string, string>()
  for (const member of head.split(/\s+/).filter((part) => part !== '')) {
    const colon = member.indexOf(':')
    words.set(member.slice(0, colon), member.slice(colon + 1))
  }
  const architectures = (words.get('arch') ?? '').split('+').filter((part) => part !== '')
  const server = words.get('server')
  if (file === '' || !isPrintable(text)) {
    return err('wants [arch:7+9] [class:iPXE] [server:ADDRESS] file:PATH')
  }
  if (!architectures.every((part) => /^\d{1,5}$/.test(part) && Number(part) < 65_536)) {
    return err('wants architectures as numbers: arch:7+9')
  }
  if (server !== undefined && parseIpv4(server) === undefined && !domainName(server).ok) {
    return err('wants an IPv4 address or a name after server:')
  }
  // 127 bytes are what field `file` holds (RFC 2131 §2); option 67 and DHCPv6 carry the longer ones
  if (file.length > 255) return err('wants at most 255 characters after file:')
  return ok({
    architectures: architectures.map(Number),
    userClass: words.get('class'),
    server,
    file,
  })
}

function bytesOf(kind: string, body: string): Uint8Array | undefined {
  switch (kind) {
    case 'hex':
      return hexBytes(body.replaceAll(':', ''))
    case 'text':
      return isPrintable(body) ? Uint8Array.from(body, (unit) => unit.charCodeAt(0)) : undefined
    case 'ip':
      return addressBytes(body)
    case 'domain':
      return nameBytes(body)
    case 'u8':
      return numberBytes(body, 1)
    case 'u16':
      return numberBytes(body, 2)
    case 'u32':
      return numberBytes(body, 4)
    default:
      return undefined
  }
}

function hexBytes(digits: string): Uint8Array | undefined {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) return undefined
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function addressBytes(text: string): Uint8Array | undefined {
  const bytes: number[] = []
  for (const member of listed(text)) {
    const four = parseIpv4(member)
    const six = parseIpv6(member)
    if (four !== undefined) bytes.push(...ipv4Bytes(four))
    else if (six !== undefined) bytes.push(...ipv6Bytes(six))
    else return undefined
  }
  return bytes.length === 0 ? undefined : Uint8Array.from(bytes)
}

function nameBytes(text: string): Uint8Array | undefined {
  const name = domainName(text)
  if (!name.ok) return undefined
  const labels = name.value.split('.')
  return Uint8Array.from([
    ...labels.flatMap((label) => [label.length, ...[...label].map((unit) => unit.charCodeAt(0))]),
    0,
  ])
}

function numberBytes(text: string, count: 1 | 2 | 4): Uint8Array | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY
  if (value >= 2 ** (8 * count)) return undefined
  return Uint8Array.from(
    { length: count },
    (_, index) => Math.floor(value / 256 ** (count - 1 - index)) & 255,
  )
}

function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}
