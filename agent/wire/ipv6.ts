import { type Ipv6, ipv6Bytes, ipv6OfBytes } from '#addr/ipv6.js'
import { readU16, readU32, writeU16, writeU32 } from './bytes.js'

/** An IPv6 header (RFC 8200 §3) with the extension headers behind it. */
export interface Ipv6Header {
  /** DSCP and ECN, 8 bits. */
  readonly trafficClass: number
  /** 20 bits. */
  readonly flowLabel: number
  readonly hopLimit: number
  readonly source: Ipv6
  readonly destination: Ipv6
  /** In the order in which they stand; at most 8. */
  readonly extensions: readonly Ipv6Extension[]
  /** The next header field of the last header: what the payload is. */
  readonly protocol: number
  /** Bytes behind the extension headers. */
  readonly payloadLength: number
}

/** An extension header (RFC 8200 §4). */
export type Ipv6Extension =
  | {
      readonly kind: 'options'
      /** Hop-by-hop options (0), routing (43) or destination options (60). */
      readonly protocol: number
      /** Everything after the first two bytes: 6 bytes more than a multiple of 8. */
      readonly body: Uint8Array
    }
  | {
      readonly kind: 'fragment'
      /** A multiple of 8. */
      readonly offsetBytes: number
      readonly isMoreFragments: boolean
      readonly identification: number
    }

/** Bytes of the header without extensions. */
export const ipv6HeaderBytes = 40

/** Where the header's fields stand. */
export const ipv6FieldAt = {
  payloadLength: 4,
  nextHeader: 6,
  hopLimit: 7,
  source: 8,
  destination: 24,
} as const

/** Next header numbers of the extension headers that are walked over (IANA "Protocol Numbers"). */
export const ipv6Extension = { hopByHop: 0, routing: 43, fragment: 44, destination: 60 } as const

/** What stands behind the extension headers of a packet. */
export interface Ipv6Payload {
  readonly protocol: number
  readonly at: number
  /** Bytes. */
  readonly length: number
  /** Whether there is a fragment header, and whether this is the fragment in which the payload begins. */
  readonly fragment: 'none' | 'first' | 'later'
  /** Whether a routing header names further stations: this destination is not the last. */
  readonly isRouted: boolean
}

const maxExtensionCount = 8

/**
 * Finds the payload of the packet at `at`, by the numbers alone: hop-by-hop, routing, destination options and fragment
 * headers are walked over, whatever is in them.
 * @param length bytes from there on; more than the header's own length is padding
 * @returns undefined when it is no IPv6, is cut off, or has more than 8 extension headers. Never throws.
 */
export function findIpv6Payload(
  bytes: Uint8Array,
  at: number,
  length: number,
): Ipv6Payload | undefined {
  if (length < ipv6HeaderBytes || (bytes[at] ?? 0) >>> 4 !== 6) return undefined
  const end = at + ipv6HeaderBytes + readU16(bytes, at + ipv6FieldAt.payloadLength)
  if (end > at + length) return undefined
  let protocol = bytes[at + ipv6FieldAt.nextHeader] ?? 0
  let place = at + ipv6HeaderBytes
  let fragment: Ipv6Payload['fragment'] = 'none'
  let isRouted = false
  for (let count = 0; isExtension(protocol); count++) {
    if (count === maxExtensionCount) return undefined
    const size = extensionBytes(bytes, place, protocol)
    if (place + size > end) return undefined
    if (protocol === ipv6Extension.fragment) {
      if ((readU16(bytes, place + 2) & 0xfff8) !== 0) fragment = 'later'
      else if (fragment === 'none') fragment = 'first'
    } else if (protocol === ipv6Extension.routing && bytes[place + 3] !== 0) isRouted = true
    protocol = bytes[place] ?? 0
    place += size
    // what follows in a later fragment is not a header (RFC 8200 §4.5)
    if (fragment === 'later') break
  }
  return { protocol, at: place, length: end - place, fragment, isRouted }
}

/** The header at `at`; undefined for what {@link findIpv6Payload} refuses. */
export function decodeIpv6(bytes: Uint8Array, at: number, length: number): Ipv6Header | undefined {
  const payload = findIpv6Payload(bytes, at, length)
  if (payload === undefined) return undefined
  const extensions: Ipv6Extension[] = []
  let protocol = bytes[at + ipv6FieldAt.nextHeader] ?? 0
  for (let place = at + ipv6HeaderBytes; place < payload.at; ) {
    const size = extensionBytes(bytes, place, protocol)
    extensions.push(decodeExtension(bytes, place, { protocol, size }))
    protocol = bytes[place] ?? 0
    place += size
  }
  const first = readU32(bytes, at)
  return {
    trafficClass: (first >>> 20) & 0xff,
    flowLabel: first & 0xfffff,
    hopLimit: bytes[at + ipv6FieldAt.hopLimit] ?? 0,
    source: ipv6OfBytes(bytes, at + ipv6FieldAt.source),
    destination: ipv6OfBytes(bytes, at + ipv6FieldAt.destination),
    extensions,
    protocol: payload.protocol,
    payloadLength: payload.length,
  }
}

/** Writes a header with its extension headers. @returns bytes written */
export function encodeIpv6(header: Ipv6Header, bytes: Uint8Array, at: number): number {
  const { extensions, protocol } = header
  const protocols = [...extensions.map(extensionProtocol), protocol]
  let place = at + ipv6HeaderBytes
  for (const [index, extension] of extensions.entries()) {
    bytes[place] = protocols[index + 1] ?? 0
    place += encodeExtension(extension, bytes, place)
  }
  const written = place - at
  writeU32(bytes, at, 0x6000_0000 + header.trafficClass * 0x10_0000 + header.flowLabel)
  const extensionsLength = written - ipv6HeaderBytes
  writeU16(bytes, at + ipv6FieldAt.payloadLength, extensionsLength + header.payloadLength)
  bytes[at + ipv6FieldAt.nextHeader] = protocols[0] ?? 0
  bytes[at + ipv6FieldAt.hopLimit] = header.hopLimit
  bytes.set(ipv6Bytes(header.source), at + ipv6FieldAt.source)
  bytes.set(ipv6Bytes(header.destination), at + ipv6FieldAt.destination)
  return written
}

function isExtension(protocol: number): boolean {
  return (
    protocol === ipv6Extension.hopByHop ||
    protocol === ipv6Extension.routing ||
    protocol === ipv6Extension.fragment ||
    protocol === ipv6Extension.destination
  )
}

/** A fragment header has always 8 bytes; the others say how many units of 8 there are after the first (RFC 8200 §4). */
function extensionBytes(bytes: Uint8Array, at: number, protocol: number): number {
  return protocol === ipv6Extension.fragment ? 8 : ((bytes[at + 1] ?? 0) + 1) * 8
}

function extensionProtocol(extension: Ipv6Extension): number {
  return extension.kind === 'fragment' ? ipv6Extension.fragment : extension.protocol
}

function decodeExtension(
  bytes: Uint8Array,
  at: number,
  { protocol, size }: { readonly protocol: number; readonly size: number },
): Ipv6Extension {
  if (protocol !== ipv6Extension.fragment)
    return { kind: 'options', protocol, body: bytes.slice(at + 2, at + size) }
  const field = readU16(bytes, at + 2)
  return {
    kind: 'fragment',
    offsetBytes: field & 0xfff8,
    isMoreFragments: (field & 1) !== 0,
    identification: readU32(bytes, at + 4),
  }
}

/** Writes all but the next header field. @returns bytes written */
function encodeExtension(extension: Ipv6Extension, bytes: Uint8Array, at: number): number {
  if (extension.kind === 'options') {
    bytes[at + 1] = (extension.body.length + 2) / 8 - 1
    bytes.set(extension.body, at + 2)
    return extension.body.length + 2
  }
  bytes[at + 1] = 0
  writeU16(bytes, at + 2, extension.offsetBytes | (extension.isMoreFragments ? 1 : 0))
  writeU32(bytes, at + 4, extension.identification)
  return 8
}
