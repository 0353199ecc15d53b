import type { Dhcpv4Request } from '#wire/dhcpv4/request.js'
import { domainNameBytes } from '#wire/domain-name.js'
import type { CompiledDhcpv4 } from './compile.js'
import { textBytes } from './option-values.js'

/** Flags of option 81 (RFC 4702 §2.1). */
const serverUpdates = 1
const isOverridden = 2
/** Whether the name is encoded as in the DNS; else it is text. */
export const isCanonical = 4
const noUpdates = 8

/** RCODE1 and RCODE2: no longer used, sent as this (RFC 4702 §2.2). */
const unusedCode = 255

/** Bytes of option 81 before the name. */
export const fqdnHeadBytes = 3

/** The client's flags of option 81; -1 when it did not send it. */
export function fqdnFlags({ source, fqdnAt, fqdnLength }: Dhcpv4Request): number {
  return fqdnLength < fqdnHeadBytes ? -1 : (source[fqdnAt] ?? 0)
}

/**
 * What option 81 says to a client that sent it (RFC 4702 §4): its name as we know it, and that we change nothing in the
 * DNS, against the client's wish where it had one.
 * @returns undefined when it was not sent, or the NIC has no name
 */
export function fqdnAnswer(
  compiled: CompiledDhcpv4,
  request: Dhcpv4Request,
): Uint8Array | undefined {
  const asked = fqdnFlags(request)
  const { hostname: host, network } = compiled
  if (asked < 0 || host === '') return undefined
  const { domain } = network.told
  const name = domain === undefined || domain === '' ? host : `${host}.${domain}`
  const overridden = asked & serverUpdates ? isOverridden : 0
  const encoded = asked & isCanonical ? domainNameBytes(name) : textBytes(name)
  if (encoded === undefined) return undefined
  const flags = (asked & isCanonical) | overridden | noUpdates
  return Uint8Array.of(flags, unusedCode, unusedCode, ...encoded)
}
