import { copyBytes, readU16, readU32, readU48 } from '#wire/bytes.js'
import { dhcpOption } from './codes.js'
import { dhcpFieldAt, dhcpSize, magicCookie } from './layout.js'
import { decodeOptionList } from './option-list.js'

/**
 * What answering needs of a client's message: numbers, and where the longer options stand. One is made for each packet, so
 * it holds nothing that must be allocated. An option that is absent has length 0, or the value given below.
 */
export interface Dhcpv4Request {
  /** What the positions below are positions in: the packet, or the options put together again if they came in pieces. */
  readonly source: Uint8Array
  readonly op: number
  readonly htype: number
  readonly hlen: number
  readonly xid: number
  readonly flags: number
  readonly ciaddr: number
  readonly giaddr: number
  /** Its first six bytes, `macNumber`. */
  readonly chaddr: number
  /** False for a BOOTP message without magic cookie. */
  readonly hasOptions: boolean
  /** Option 53; 0 for BOOTP. */
  readonly messageType: number
  /** Option 50; 0 for none. */
  readonly requestedAddress: number
  /** Option 54; 0 for none. */
  readonly serverIdentifier: number
  /** Option 57; 0 for none. */
  readonly maximumMessageSize: number
  /** Option 93, its first type; -1 for none. */
  readonly clientArchitecture: number
  /** Option 80. */
  readonly hasRapidCommit: boolean
  /** Option 55. */
  readonly parameterListAt: number
  readonly parameterListLength: number
  /** Option 60. */
  readonly vendorClassAt: number
  readonly vendorClassLength: number
  /** Option 61. */
  readonly clientIdAt: number
  readonly clientIdLength: number
  /** Option 77. */
  readonly userClassAt: number
  readonly userClassLength: number
  /** Option 81. */
  readonly fqdnAt: number
  readonly fqdnLength: number
  /** Option 82. */
  readonly relayInfoAt: number
  readonly relayInfoLength: number
}

type Draft = { -readonly [Key in keyof Dhcpv4Request]: Dhcpv4Request[Key] }

/**
 * Reads a client's message in one pass, without looking twice at anything, and without copying.
 * It finds what `decodeDhcpv4` finds; messages with split options or overloaded fields, which no known client sends,
 * go through the same decoder as that.
 * @param end where the message ends
 * @returns undefined when the message is too short, an option runs past its end, or one has a length that it cannot have
 */
export function readDhcpv4Request(
  bytes: Uint8Array,
  at: number,
  end: number,
): Dhcpv4Request | undefined {
  if (end - at < dhcpSize.fixed) return undefined
  const field = dhcpFieldAt
  const draft: Draft = {
    source: bytes,
    op: bytes[at] ?? 0,
    htype: bytes[at + field.htype] ?? 0,
    hlen: bytes[at + field.hlen] ?? 0,
    xid: readU32(bytes, at + field.xid),
    flags: readU16(bytes, at + field.flags),
    ciaddr: readU32(bytes, at + field.ciaddr),
    giaddr: readU32(bytes, at + field.giaddr),
    chaddr: readU48(bytes, at + field.chaddr),
    hasOptions: end - at >= field.options && readU32(bytes, at + field.cookie) === magicCookie,
    messageType: 0,
    requestedAddress: 0,
    serverIdentifier: 0,
    maximumMessageSize: 0,
    clientArchitecture: -1,
    hasRapidCommit: false,
    parameterListAt: 0,
    parameterListLength: 0,
    vendorClassAt: 0,
    vendorClassLength: 0,
    clientIdAt: 0,
    clientIdLength: 0,
    userClassAt: 0,
    userClassLength: 0,
    fqdnAt: 0,
    fqdnLength: 0,
    relayInfoAt: 0,
    relayInfoLength: 0,
  }
  if (!draft.hasOptions) return draft
  const found = scanOptions(draft, at + field.options, end)
  if (found === 'in-pieces') return isReadInPieces(draft, at, end) ? draft : undefined
  return found === 'whole' ? draft : undefined
}

/**
 * Notes each option where it stands. Two sets of bits, one for the codes below 64 and one for those below 96, remember which
 * were seen, to find those that come in pieces.
 */
function scanOptions(draft: Draft, from: number, end: number): 'whole' | 'in-pieces' | 'malformed' {
  const bytes = draft.source
  let seenLow = 0
  let seenHigh = 0
  let at = from
  while (at < end) {
    const code = bytes[at] ?? 0
    if (code === dhcpOption.end) return 'whole'
    if (code === dhcpOption.pad) {
      at++
      continue
    }
    const valueAt = at + 2
    if (valueAt > end) return 'malformed'
    const length = bytes[at + 1] ?? 0
    at = valueAt + length
    if (at > end) return 'malformed'
    if (code < firstNoted || code > lastNoted) continue
    if (code === dhcpOption.overload) return 'in-pieces'
    const bit = 1 << (code & 31)
    const isSeen = (code < 64 ? seenLow : seenHigh) & bit
    if (isSeen !== 0) return 'in-pieces'
    if (code < 64) seenLow |= bit
    else seenHigh |= bit
    // a length that cannot be may be that of a first piece
    if (!isNoted(draft, code, valueAt, length)) return 'in-pieces'
  }
  return 'whole'
}

/** The lowest and the highest code that {@link isNoted} looks at. */
const firstNoted = dhcpOption.requestedAddress
const lastNoted = dhcpOption.clientArchitecture

/** Notes one option if it matters. @returns false when it has a length that it cannot have */
function isNoted(draft: Draft, code: number, at: number, length: number): boolean {
  const { source } = draft
  switch (code) {
    case dhcpOption.messageType:
      draft.messageType = source[at] ?? 0
      return length === 1
    case dhcpOption.requestedAddress:
      draft.requestedAddress = readU32(source, at)
      return length === 4
    case dhcpOption.serverIdentifier:
      draft.serverIdentifier = readU32(source, at)
      return length === 4
    case dhcpOption.maximumMessageSize:
      draft.maximumMessageSize = readU16(source, at)
      return length === 2
    case dhcpOption.clientArchitecture:
      draft.clientArchitecture = readU16(source, at)
      return length >= 2 && (length & 1) === 0
    case dhcpOption.rapidCommit:
      draft.hasRapidCommit = true
      return true
    case dhcpOption.parameterRequestList:
      draft.parameterListAt = at
      draft.parameterListLength = length
      return true
    case dhcpOption.vendorClass:
      draft.vendorClassAt = at
      draft.vendorClassLength = length
      return true
    case dhcpOption.clientIdentifier:
      draft.clientIdAt = at
      draft.clientIdLength = length
      return true
    case dhcpOption.userClass:
      draft.userClassAt = at
      draft.userClassLength = length
      return true
    case dhcpOption.clientFqdn:
      draft.fqdnAt = at
      draft.fqdnLength = length
      return true
    case dhcpOption.relayAgentInformation:
      draft.relayInfoAt = at
      draft.relayInfoLength = length
      return true
    default:
      return true
  }
}

/**
 * Reads the options through the decoder of whole values, laid out one after the other. Whatever the first pass noted is
 * noted anew, for the decoder finds at least what that found.
 */
function isReadInPieces(draft: Draft, at: number, end: number): boolean {
  const list = decodeOptionList(draft.source, at, end)
  if (list === undefined) return false
  draft.source = new Uint8Array(list.options.reduce((sum, { value }) => sum + value.length, 0))
  let to = 0
  for (const { code, value } of list.options) {
    const { length } = value
    copyBytes({ from: value, fromAt: 0, to: draft.source, toAt: to, length })
    if (!isNoted(draft, code, to, length)) return false
    to += length
  }
  return true
}
