import { readU16, readU32 } from '#wire/bytes.js'
import { dhcpv6HeaderBytes } from './message.js'
import { dhcpv6Option } from './option-code.js'

/**
 * A client's message, read for answering it: numbers and places within the packet, nothing copied. A place of 0 is an
 * option that is not there; of an option that must not be repeated, the first counts.
 */
export interface Dhcpv6Request {
  readonly type: number
  readonly transactionId: number
  /** Options 1, 2, 6, 15, 16 and 61: where their values begin, and bytes. */
  readonly clientId: Dhcpv6Span
  readonly serverId: Dhcpv6Span
  readonly optionRequest: Dhcpv6Span
  readonly userClass: Dhcpv6Span
  readonly vendorClass: Dhcpv6Span
  readonly architectures: Dhcpv6Span
  /** Option 14. */
  readonly hasRapidCommit: boolean
  /** Flags of option 39; undefined without it. */
  readonly fqdnFlags: number | undefined
  /** IA_NA, IA_TA and IA_PD, in the order in which they stand; at most 16. */
  readonly associations: readonly Dhcpv6AssociationSpan[]
}

/** Where an option's value stands. */
export interface Dhcpv6Span {
  readonly at: number
  readonly length: number
}

/** Where the options of an association stand. */
export interface Dhcpv6AssociationSpan extends Dhcpv6Span {
  /** 3, 4 or 25. */
  readonly code: number
  readonly iaid: number
}

/** Associations of one message; real clients have one to three. */
const maxAssociationCount = 16

const none: Dhcpv6Span = { at: 0, length: 0 }

/**
 * Reads the message at `at` in one pass.
 * @param end where it ends
 * @returns undefined when it or an option is cut off, or at more than 16 associations. Never throws.
 */
export function readDhcpv6Request(
  bytes: Uint8Array,
  at: number,
  end: number,
): Dhcpv6Request | undefined {
  if (at + dhcpv6HeaderBytes > end) return undefined
  let clientId = none
  let serverId = none
  let optionRequest = none
  let userClass = none
  let vendorClass = none
  let architectures = none
  let hasRapidCommit = false
  let fqdnFlags: number | undefined
  const associations: Dhcpv6AssociationSpan[] = []
  let next = at + dhcpv6HeaderBytes
  while (next < end) {
    const code = readU16(bytes, next)
    const length = readU16(bytes, next + 2)
    const valueAt = next + 4
    next = valueAt + length
    if (valueAt > end || next > end) return undefined
    switch (code) {
      case dhcpv6Option.clientId:
        if (clientId === none) clientId = { at: valueAt, length }
        break
      case dhcpv6Option.serverId:
        if (serverId === none) serverId = { at: valueAt, length }
        break
      case dhcpv6Option.optionRequest:
        if (optionRequest === none) optionRequest = { at: valueAt, length }
        break
      case dhcpv6Option.userClass:
        if (userClass === none) userClass = { at: valueAt, length }
        break
      case dhcpv6Option.vendorClass:
        if (vendorClass === none) vendorClass = { at: valueAt, length }
        break
      case dhcpv6Option.clientArchitecture:
        if (architectures === none) architectures = { at: valueAt, length }
        break
      case dhcpv6Option.rapidCommit:
        hasRapidCommit = true
        break
      case dhcpv6Option.clientFqdn:
        fqdnFlags ??= length > 0 ? (bytes[valueAt] ?? 0) : undefined
        break
      case dhcpv6Option.iaNa:
      case dhcpv6Option.iaPd:
      case dhcpv6Option.iaTa: {
        const fixed = code === dhcpv6Option.iaTa ? 4 : 12
        if (length < fixed || associations.length === maxAssociationCount) return undefined
        const iaid = readU32(bytes, valueAt)
        associations.push({ code, iaid, at: valueAt + fixed, length: length - fixed })
        break
      }
    }
  }
  return {
    type: bytes[at] ?? 0,
    transactionId: readU32(bytes, at) & 0xffffff,
    clientId,
    serverId,
    optionRequest,
    userClass,
    vendorClass,
    architectures,
    hasRapidCommit,
    fqdnFlags,
    associations,
  }
}
