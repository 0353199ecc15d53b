import { type Ipv6, ipv6Bytes, ipv6OfBytes } from '#addr/ipv6.js'
import { assertNever } from '#result.js'
import { readU16, readU32, writeU16, writeU32 } from '#wire/bytes.js'
import { icmpv6Type } from '#wire/icmpv6.js'
import { decodeNdpOptions, preferenceOf } from './decode-option.js'
import { ndpOptionBytes } from './encode-option.js'
import { type NdpOption, preferenceBits, type RouterPreference } from './option.js'

/** A message of neighbour discovery (RFC 4861 §4.1 to §4.4), without its checksum. */
export type NdpMessage =
  | { readonly kind: 'router-solicitation'; readonly options: readonly NdpOption[] }
  | RouterAdvertisement
  | {
      readonly kind: 'neighbour-solicitation'
      readonly target: Ipv6
      readonly options: readonly NdpOption[]
    }
  | {
      readonly kind: 'neighbour-advertisement'
      /** R, S and O. */
      readonly isRouter: boolean
      readonly isSolicited: boolean
      readonly isOverride: boolean
      readonly target: Ipv6
      readonly options: readonly NdpOption[]
    }

/** RFC 4861 §4.2, with the preference of RFC 4191 §2.2 (the reserved value reads as medium, as that section asks). */
export interface RouterAdvertisement {
  readonly kind: 'router-advertisement'
  /** 0 for unspecified. */
  readonly hopLimit: number
  /** M. */
  readonly isManaged: boolean
  /** O. */
  readonly hasOtherConfig: boolean
  readonly preference: RouterPreference
  readonly routerLifetimeSeconds: number
  readonly reachableMs: number
  readonly retransMs: number
  readonly options: readonly NdpOption[]
}

/** Bytes before the options. */
export const ndpFixedBytes = {
  routerSolicitation: 8,
  routerAdvertisement: 16,
  neighbourSolicitation: 24,
  neighbourAdvertisement: 24,
} as const

/** Where the target of a neighbour solicitation or advertisement stands. */
export const ndpTargetAt = 8

/** Where the flags of an advertisement stand: M, O, H, the preference. */
export const raFlagsAt = 5

/** Where the router lifetime of an advertisement stands. */
export const routerLifetimeAt = 6

/**
 * The message whose ICMPv6 header stands at `at`.
 * @param length bytes from there on
 * @returns undefined for another type or code, or when it or an option is cut off. Never throws.
 */
export function decodeNdp(bytes: Uint8Array, at: number, length: number): NdpMessage | undefined {
  const fixed = fixedBytes(bytes[at] ?? 0)
  if (fixed === undefined || length < fixed || bytes[at + 1] !== 0) return undefined
  const options = decodeNdpOptions(bytes, at + fixed, length - fixed)
  if (options === undefined) return undefined
  switch (bytes[at] ?? 0) {
    case icmpv6Type.routerSolicitation:
      return { kind: 'router-solicitation', options }
    case icmpv6Type.routerAdvertisement:
      return decodeAdvertisement(bytes, at, options)
    case icmpv6Type.neighbourSolicitation:
      return {
        kind: 'neighbour-solicitation',
        target: ipv6OfBytes(bytes, at + ndpTargetAt),
        options,
      }
    default: {
      const flags = bytes[at + 4] ?? 0
      return {
        kind: 'neighbour-advertisement',
        isRouter: (flags & 0x80) !== 0,
        isSolicited: (flags & 0x40) !== 0,
        isOverride: (flags & 0x20) !== 0,
        target: ipv6OfBytes(bytes, at + ndpTargetAt),
        options,
      }
    }
  }
}

/**
 * Writes the message with checksum 0 (`writeIcmpv6Checksum` works it out).
 * @returns bytes written
 * @throws RangeError for an option that no option can hold
 */
export function encodeNdp(message: NdpMessage, bytes: Uint8Array, at: number): number {
  const fixed = writeFixed(message, bytes, at)
  let next = at + fixed
  for (const option of message.options) {
    const optionBytes = ndpOptionBytes(option)
    bytes.set(optionBytes, next)
    next += optionBytes.length
  }
  return next - at
}

function fixedBytes(type: number): number | undefined {
  switch (type) {
    case icmpv6Type.routerSolicitation:
      return ndpFixedBytes.routerSolicitation
    case icmpv6Type.routerAdvertisement:
      return ndpFixedBytes.routerAdvertisement
    case icmpv6Type.neighbourSolicitation:
      return ndpFixedBytes.neighbourSolicitation
    case icmpv6Type.neighbourAdvertisement:
      return ndpFixedBytes.neighbourAdvertisement
    default:
      return undefined
  }
}

function decodeAdvertisement(
  bytes: Uint8Array,
  at: number,
  options: readonly NdpOption[],
): RouterAdvertisement {
  const flags = bytes[at + raFlagsAt] ?? 0
  return {
    kind: 'router-advertisement',
    hopLimit: bytes[at + 4] ?? 0,
    isManaged: (flags & 0x80) !== 0,
    hasOtherConfig: (flags & 0x40) !== 0,
    preference: preferenceOf(flags) ?? 'medium',
    routerLifetimeSeconds: readU16(bytes, at + routerLifetimeAt),
    reachableMs: readU32(bytes, at + 8),
    retransMs: readU32(bytes, at + 12),
    options,
  }
}

/** Everything before the options. @returns bytes written */
function writeFixed(message: NdpMessage, bytes: Uint8Array, at: number): number {
  writeU32(bytes, at, 0)
  writeU32(bytes, at + 4, 0)
  switch (message.kind) {
    case 'router-solicitation':
      bytes[at] = icmpv6Type.routerSolicitation
      return ndpFixedBytes.routerSolicitation
    case 'router-advertisement':
      bytes[at] = icmpv6Type.routerAdvertisement
      bytes[at + 4] = message.hopLimit
      bytes[at + raFlagsAt] =
        (message.isManaged ? 0x80 : 0) |
        (message.hasOtherConfig ? 0x40 : 0) |
        preferenceBits[message.preference]
      writeU16(bytes, at + routerLifetimeAt, message.routerLifetimeSeconds)
      writeU32(bytes, at + 8, message.reachableMs)
      writeU32(bytes, at + 12, message.retransMs)
      return ndpFixedBytes.routerAdvertisement
    case 'neighbour-solicitation':
      bytes[at] = icmpv6Type.neighbourSolicitation
      bytes.set(ipv6Bytes(message.target), at + ndpTargetAt)
      return ndpFixedBytes.neighbourSolicitation
    case 'neighbour-advertisement':
      bytes[at] = icmpv6Type.neighbourAdvertisement
      bytes[at + 4] =
        (message.isRouter ? 0x80 : 0) |
        (message.isSolicited ? 0x40 : 0) |
        (message.isOverride ? 0x20 : 0)
      bytes.set(ipv6Bytes(message.target), at + ndpTargetAt)
      return ndpFixedBytes.neighbourAdvertisement
    default:
      return assertNever(message)
  }
}
