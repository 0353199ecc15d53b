import { readU32, writeU32 } from '#wire/bytes.js'
import { decodeDhcpv6Options } from './decode.js'
import { dhcpv6OptionsBytes } from './encode.js'
import type { Dhcpv6Option } from './option.js'
import { dhcpv6Type } from './option-code.js'

/** A message between client and server (RFC 9915 §8). */
export interface Dhcpv6Message {
  /** 0 to 255, but not 12 or 13. */
  readonly type: number
  /** 24 bits. */
  readonly transactionId: number
  readonly options: readonly Dhcpv6Option[]
}

/** Bytes before the options. */
export const dhcpv6HeaderBytes = 4

/**
 * The message at `at`.
 * @param length bytes from there on
 * @returns undefined when it or one of its options is cut off, or when it is a relayed one, which has another header
 *   (RFC 9915 §9): no relay stands between a NIC and its host. Never throws.
 */
export function decodeDhcpv6(
  bytes: Uint8Array,
  at: number,
  length: number,
): Dhcpv6Message | undefined {
  if (length < dhcpv6HeaderBytes) return undefined
  const first = readU32(bytes, at)
  const type = first >>> 24
  if (type === dhcpv6Type.relayForward || type === dhcpv6Type.relayReply) return undefined
  const options = decodeDhcpv6Options(bytes, at + dhcpv6HeaderBytes, length - dhcpv6HeaderBytes)
  return options && { type, transactionId: first & 0xffffff, options }
}

/**
 * Writes a message.
 * @returns bytes written
 * @throws RangeError for what no option can hold
 */
export function encodeDhcpv6(message: Dhcpv6Message, bytes: Uint8Array, at: number): number {
  writeU32(bytes, at, message.type * 0x100_0000 + message.transactionId)
  const options = dhcpv6OptionsBytes(message.options)
  bytes.set(options, at + dhcpv6HeaderBytes)
  return dhcpv6HeaderBytes + options.length
}
