import { type Cidr6, network6 } from '#addr/cidr.js'
import { ipv6OfBytes } from '#addr/ipv6.js'
import { macOfNumber } from '#addr/mac.js'
import { readU16, readU32, readU48 } from '#wire/bytes.js'
import { decodeDomainNames } from '#wire/domain-name.js'
import {
  type NdpOption,
  ndpOptionType,
  pref64Lengths,
  preferenceBits,
  preferenceMask,
  type RouterPreference,
} from './option.js'

/** Bytes of one option, header included. */
interface OptionSpan {
  readonly bytes: Uint8Array
  readonly at: number
  readonly length: number
}

/**
 * The options that fill `length` bytes.
 * @returns undefined when one has length 0 or is cut off: then the whole packet must be ignored (RFC 4861 §4.6). Never
 *   throws.
 */
export function decodeNdpOptions(
  bytes: Uint8Array,
  at: number,
  length: number,
): readonly NdpOption[] | undefined {
  const options: NdpOption[] = []
  const end = at + length
  for (let next = at; next < end; ) {
    const size = next + 1 < end ? (bytes[next + 1] ?? 0) * 8 : 0
    if (size === 0 || next + size > end) return undefined
    options.push(decodeOption({ bytes, at: next, length: size }))
    next += size
  }
  return options
}

/** The preference of these flags; undefined for the reserved value (RFC 4191 §2.1). */
export function preferenceOf(flags: number): RouterPreference | undefined {
  switch (flags & preferenceMask) {
    case preferenceBits.medium:
      return 'medium'
    case preferenceBits.high:
      return 'high'
    case preferenceBits.low:
      return 'low'
    default:
      return undefined
  }
}

function decodeOption(span: OptionSpan): NdpOption {
  const type = span.bytes[span.at] ?? 0
  const body = span.bytes.slice(span.at + 2, span.at + span.length)
  return decodeKnown(type, span) ?? { kind: 'raw', type, body }
}

function decodeKnown(type: number, span: OptionSpan): NdpOption | undefined {
  const { bytes, at, length } = span
  switch (type) {
    case ndpOptionType.sourceLinkLayerAddress:
    case ndpOptionType.targetLinkLayerAddress: {
      if (length !== 8) return undefined
      const mac = macOfNumber(readU48(bytes, at + 2))
      return type === ndpOptionType.sourceLinkLayerAddress
        ? { kind: 'source-link-layer-address', mac }
        : { kind: 'target-link-layer-address', mac }
    }
    case ndpOptionType.prefix:
      return decodePrefix(span)
    case ndpOptionType.mtu:
      return length === 8 ? { kind: 'mtu', mtu: readU32(bytes, at + 4) } : undefined
    case ndpOptionType.route:
      return decodeRoute(span)
    case ndpOptionType.dnsServers:
      return decodeDnsServers(span)
    case ndpOptionType.dnsSearchList:
      return decodeSearchList(span)
    case ndpOptionType.pref64:
      return decodePref64(span)
    case ndpOptionType.captivePortal:
      return decodeCaptivePortal(span)
    default:
      return undefined
  }
}

function decodePrefix({ bytes, at, length }: OptionSpan): NdpOption | undefined {
  const prefixLength = bytes[at + 2] ?? 0
  if (length !== 32 || prefixLength > 128) return undefined
  const flags = bytes[at + 3] ?? 0
  return {
    kind: 'prefix',
    prefix: { address: ipv6OfBytes(bytes, at + 16), prefixLength },
    isOnLink: (flags & 0x80) !== 0,
    isAutonomous: (flags & 0x40) !== 0,
    isRouterAddress: (flags & 0x20) !== 0,
    isDelegationPreferred: (flags & 0x10) !== 0,
    validSeconds: readU32(bytes, at + 4),
    preferredSeconds: readU32(bytes, at + 8),
  }
}

/** The prefix field has 0, 8 or 16 bytes, as many as the prefix needs at least (RFC 4191 §2.3). */
function decodeRoute({ bytes, at, length }: OptionSpan): NdpOption | undefined {
  const prefixLength = bytes[at + 2] ?? 0
  const preference = preferenceOf(bytes[at + 3] ?? 0)
  const held = (length - 8) * 8
  if (length > 24 || prefixLength > held || preference === undefined) return undefined
  return {
    kind: 'route',
    prefix: paddedPrefix(bytes.slice(at + 8, at + length), prefixLength),
    preference,
    lifetimeSeconds: readU32(bytes, at + 4),
  }
}

function decodeDnsServers({ bytes, at, length }: OptionSpan): NdpOption | undefined {
  if (length < 24 || length % 16 !== 8) return undefined
  const count = (length - 8) / 16
  return {
    kind: 'dns-servers',
    lifetimeSeconds: readU32(bytes, at + 4),
    addresses: Array.from({ length: count }, (_, index) => ipv6OfBytes(bytes, at + 8 + index * 16)),
  }
}

/** Names end where one begins with a zero: the padding (RFC 8106 §5.2). */
function decodeSearchList({ bytes, at, length }: OptionSpan): NdpOption | undefined {
  const end = at + length
  let next = at + 8
  while (next < end && bytes[next] !== 0) {
    while (next < end && bytes[next] !== 0) next += 1 + (bytes[next] ?? 0)
    next++
  }
  const namesLength = next - (at + 8)
  if (namesLength <= 0 || next > end) return undefined
  const names = decodeDomainNames(bytes, at + 8, { length: namesLength, areCompressed: false })
  return names && { kind: 'dns-search-list', lifetimeSeconds: readU32(bytes, at + 4), names }
}

/** 13 bits of lifetime in units of 8 seconds, 3 bits of prefix length code, 12 bytes of prefix (RFC 8781 §4). */
function decodePref64({ bytes, at, length }: OptionSpan): NdpOption | undefined {
  const field = readU16(bytes, at + 2)
  const prefixLength = pref64Lengths[field & 7]
  if (length !== 16 || prefixLength === undefined) return undefined
  return {
    kind: 'pref64',
    prefix: paddedPrefix(bytes.slice(at + 4, at + 16), prefixLength),
    lifetimeSeconds: field & 0xfff8,
  }
}

/** A URI, padded with zeros (RFC 8910 §2.3). */
function decodeCaptivePortal({ bytes, at, length }: OptionSpan): NdpOption | undefined {
  let end = at + length
  while (end > at + 2 && bytes[end - 1] === 0) end--
  const characters = bytes.slice(at + 2, end)
  if (characters.length === 0 || characters.some((byte) => byte < 0x21 || byte > 0x7e))
    return undefined
  return { kind: 'captive-portal', uri: String.fromCharCode(...characters) }
}

function paddedPrefix(head: Uint8Array, prefixLength: number): Cidr6 {
  const bytes = new Uint8Array(16)
  bytes.set(head)
  return { address: network6({ address: ipv6OfBytes(bytes), prefixLength }), prefixLength }
}
