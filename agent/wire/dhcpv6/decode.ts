import { ipv6OfBytes } from '#addr/ipv6.js'
import { readU16, readU32 } from '#wire/bytes.js'
import { decodeDomainNames, decodePartialName } from '#wire/domain-name.js'
import type { Dhcpv6Option } from './option.js'
import { dhcpv6Option } from './option-code.js'
import { numberBytes, shapeOf } from './shape.js'

/** How deep options may stand in options: an association, its address, that one's status. */
const maxDepth = 4

/** The value of one option. */
interface ValueSpan {
  readonly bytes: Uint8Array
  readonly at: number
  readonly length: number
  readonly depth: number
}

/**
 * The options that fill `length` bytes.
 * @returns undefined when one is cut off. Never throws.
 */
export function decodeDhcpv6Options(
  bytes: Uint8Array,
  at: number,
  length: number,
): readonly Dhcpv6Option[] | undefined {
  return decodeList({ bytes, at, length, depth: 0 })
}

function decodeList({ bytes, at, length, depth }: ValueSpan): readonly Dhcpv6Option[] | undefined {
  const options: Dhcpv6Option[] = []
  const end = at + length
  for (let next = at; next < end; ) {
    const code = readU16(bytes, next)
    const size = readU16(bytes, next + 2)
    const valueAt = next + 4
    if (valueAt > end || valueAt + size > end) return undefined
    const known = decodeValue(code, { bytes, at: valueAt, length: size, depth })
    options.push(known ?? { kind: 'bytes', code, value: bytes.slice(valueAt, valueAt + size) })
    next = valueAt + size
  }
  return options
}

/** The option, or undefined when its code is not known or its value not as it should be. */
function decodeValue(code: number, span: ValueSpan): Dhcpv6Option | undefined {
  const { bytes, at, length } = span
  switch (code) {
    case dhcpv6Option.iaNa:
    case dhcpv6Option.iaPd:
      return decodeAssociation(code, span)
    case dhcpv6Option.iaTa: {
      const options = nested(span, 4)
      const iaid = readU32(bytes, at)
      return options && { kind: 'temporary-association', code, iaid, options }
    }
    case dhcpv6Option.iaAddress:
      return decodeAddress(span)
    case dhcpv6Option.iaPrefix:
      return decodePrefix(span)
    case dhcpv6Option.statusCode: {
      const message = length < 2 ? undefined : asciiText(bytes, at + 2, length - 2)
      if (message === undefined) return undefined
      return { kind: 'status', code, status: readU16(bytes, at), message }
    }
    case dhcpv6Option.clientFqdn: {
      const read = length < 1 ? undefined : decodePartialName(bytes, at + 1, length - 1)
      return read && { kind: 'fqdn', code, flags: bytes[at] ?? 0, ...read }
    }
    default:
      return decodeShape(code, span)
  }
}

function decodeShape(code: number, { bytes, at, length }: ValueSpan): Dhcpv6Option | undefined {
  switch (shapeOf(code)) {
    case 'flag':
      return length === 0 ? { kind: 'flag', code } : undefined
    case 'number':
      if (length !== numberBytes(code)) return undefined
      return { kind: 'number', code, value: readNumber(bytes, at, length) }
    case 'numbers': {
      const values = Array.from({ length: length / 2 }, (_, i) => readU16(bytes, at + i * 2))
      return length % 2 === 0 ? { kind: 'numbers', code, values } : undefined
    }
    case 'addresses': {
      const addresses = Array.from({ length: length / 16 }, (_, i) =>
        ipv6OfBytes(bytes, at + i * 16),
      )
      return length % 16 === 0 ? { kind: 'addresses', code, addresses } : undefined
    }
    case 'names': {
      const names = decodeDomainNames(bytes, at, { length, areCompressed: false })
      return names && { kind: 'names', code, names }
    }
    case 'text': {
      const text = asciiText(bytes, at, length)
      return text === undefined ? undefined : { kind: 'text', code, text }
    }
    case undefined:
      return undefined
  }
}

function decodeAssociation(code: 3 | 25, span: ValueSpan): Dhcpv6Option | undefined {
  const { bytes, at } = span
  const options = nested(span, 12)
  if (options === undefined) return undefined
  return {
    kind: 'association',
    code,
    iaid: readU32(bytes, at),
    renewSeconds: readU32(bytes, at + 4),
    rebindSeconds: readU32(bytes, at + 8),
    options,
  }
}

function decodeAddress(span: ValueSpan): Dhcpv6Option | undefined {
  const { bytes, at } = span
  const options = nested(span, 24)
  if (options === undefined) return undefined
  return {
    kind: 'address',
    code: dhcpv6Option.iaAddress,
    address: ipv6OfBytes(bytes, at),
    preferredSeconds: readU32(bytes, at + 16),
    validSeconds: readU32(bytes, at + 20),
    options,
  }
}

function decodePrefix(span: ValueSpan): Dhcpv6Option | undefined {
  const { bytes, at } = span
  const options = nested(span, 25)
  const prefixLength = bytes[at + 8] ?? 0
  if (options === undefined || prefixLength > 128) return undefined
  return {
    kind: 'prefix',
    code: dhcpv6Option.iaPrefix,
    prefix: { address: ipv6OfBytes(bytes, at + 9), prefixLength },
    preferredSeconds: readU32(bytes, at),
    validSeconds: readU32(bytes, at + 4),
    options,
  }
}

/** The options behind this many bytes of a value. */
function nested({ bytes, at, length, depth }: ValueSpan, fixedBytes: number) {
  if (length < fixedBytes || depth === maxDepth) return undefined
  return decodeList({ bytes, at: at + fixedBytes, length: length - fixedBytes, depth: depth + 1 })
}

function readNumber(bytes: Uint8Array, at: number, length: number): number {
  if (length === 1) return bytes[at] ?? 0
  return length === 2 ? readU16(bytes, at) : readU32(bytes, at)
}

/** Texts are UTF-8 (RFC 9915 §21.13); we send ASCII and read nothing else. */
function asciiText(bytes: Uint8Array, at: number, length: number): string | undefined {
  const characters = bytes.slice(at, at + length)
  if (characters.some((byte) => byte < 0x20 || byte > 0x7e)) return undefined
  let text = ''
  for (const byte of characters) text += String.fromCharCode(byte)
  return text
}
