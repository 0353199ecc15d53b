import { readU16, readU32, writeU16, writeU32 } from '#wire/bytes.js'
import { dhcpOption } from './codes.js'
import { dhcpFieldAt, dhcpSize, magicCookie } from './layout.js'
import { type Dhcpv4Option, decodeOptionList } from './option-list.js'
import { type OptionField, packOptions } from './option-packing.js'

/** A DHCPv4 or BOOTP message (RFC 2131 §2, RFC 951 §3). Fields are named as there; addresses are `ipv4Number`s. */
export interface Dhcpv4Message {
  readonly op: number
  readonly htype: number
  readonly hlen: number
  readonly hops: number
  readonly xid: number
  readonly secs: number
  readonly flags: number
  readonly ciaddr: number
  readonly yiaddr: number
  readonly siaddr: number
  readonly giaddr: number
  /** All sixteen bytes. */
  readonly chaddr: Uint8Array
  /** Without the zeros behind; empty when options were written there. At most 64 bytes. */
  readonly sname: Uint8Array
  /** Without the zeros behind; empty when options were written there. At most 128 bytes. */
  readonly file: Uint8Array
  /** In their order, each code once; undefined for a BOOTP message without magic cookie. */
  readonly options: readonly Dhcpv4Option[] | undefined
}

/**
 * The message at `at`. Bytes behind the end mark are padding.
 * @param length bytes from there on
 * @returns undefined when it is too short, or an option runs past its end
 */
export function decodeDhcpv4(
  bytes: Uint8Array,
  at: number,
  length: number,
): Dhcpv4Message | undefined {
  const field = dhcpFieldAt
  if (length < dhcpSize.fixed) return undefined
  const hasOptions = length >= field.options && readU32(bytes, at + field.cookie) === magicCookie
  const list = hasOptions ? decodeOptionList(bytes, at, at + length) : undefined
  if (hasOptions && list === undefined) return undefined
  const none = new Uint8Array(0)
  return {
    op: bytes[at + field.op] ?? 0,
    htype: bytes[at + field.htype] ?? 0,
    hlen: bytes[at + field.hlen] ?? 0,
    hops: bytes[at + field.hops] ?? 0,
    xid: readU32(bytes, at + field.xid),
    secs: readU16(bytes, at + field.secs),
    flags: readU16(bytes, at + field.flags),
    ciaddr: readU32(bytes, at + field.ciaddr),
    yiaddr: readU32(bytes, at + field.yiaddr),
    siaddr: readU32(bytes, at + field.siaddr),
    giaddr: readU32(bytes, at + field.giaddr),
    chaddr: bytes.slice(at + field.chaddr, at + field.chaddr + dhcpSize.chaddr),
    sname: list?.isSnameOverloaded ? none : readText(bytes, at + field.sname, dhcpSize.sname),
    file: list?.isFileOverloaded ? none : readText(bytes, at + field.file, dhcpSize.file),
    options: list?.options,
  }
}

/**
 * Writes a message, and zeros behind it up to BOOTP's 300 bytes.
 * Options of a DHCP message that do not fit go into `file` and `sname` where these are empty (option 52); what does not
 * fit then is left out.
 * @param maxBytes of the message; at least 300
 * @returns bytes written
 */
export function encodeDhcpv4(
  message: Dhcpv4Message,
  bytes: Uint8Array,
  at: number,
  maxBytes: number = bytes.length - at,
): number {
  const field = dhcpFieldAt
  bytes.fill(0, at, at + maxBytes)
  bytes[at + field.op] = message.op
  bytes[at + field.htype] = message.htype
  bytes[at + field.hlen] = message.hlen
  bytes[at + field.hops] = message.hops
  writeU32(bytes, at + field.xid, message.xid)
  writeU16(bytes, at + field.secs, message.secs)
  writeU16(bytes, at + field.flags, message.flags)
  writeU32(bytes, at + field.ciaddr, message.ciaddr)
  writeU32(bytes, at + field.yiaddr, message.yiaddr)
  writeU32(bytes, at + field.siaddr, message.siaddr)
  writeU32(bytes, at + field.giaddr, message.giaddr)
  bytes.set(message.chaddr.subarray(0, dhcpSize.chaddr), at + field.chaddr)
  bytes.set(message.sname.subarray(0, dhcpSize.sname), at + field.sname)
  bytes.set(message.file.subarray(0, dhcpSize.file), at + field.file)
  if (message.options === undefined) return dhcpSize.bootp
  writeU32(bytes, at + field.cookie, magicCookie)
  const end = packOptions(message.options, bytes, [
    { at: at + field.options, size: maxBytes - field.options, overload: 0 },
    ...spareFields(message, at),
  ])
  return Math.max(dhcpSize.bootp, end - at)
}

/**
 * The fields that option 52 may take, in the order in which they are read again; none in a BOOTP message, whose reader
 * does not know that option (RFC 1534 §2).
 */
function spareFields({ file, sname, options }: Dhcpv4Message, at: number): readonly OptionField[] {
  const fields: OptionField[] = []
  if (!options?.some(({ code }) => code === dhcpOption.messageType)) return fields
  if (file.length === 0)
    fields.push({ at: at + dhcpFieldAt.file, size: dhcpSize.file, overload: 1 })
  if (sname.length === 0)
    fields.push({ at: at + dhcpFieldAt.sname, size: dhcpSize.sname, overload: 2 })
  return fields
}

/** A field's bytes without the zeros behind. */
function readText(bytes: Uint8Array, at: number, size: number): Uint8Array {
  let end = at + size
  while (end > at && bytes[end - 1] === 0) end--
  return bytes.slice(at, end)
}
