import { network6 } from '#addr/cidr.js'
import type { Ipv6 } from '#addr/ipv6.js'
import { macNumber } from '#addr/mac.js'
import type { Dhcp6Network, Dhcp6Service, NicService } from '#binding/service.js'
import { emptyFrame6, frame6HeaderBytes } from '#responder/frame6.js'
import type { NicDevice } from '#responder/outcome.js'
import { routerAddress } from '#responder/router.js'
import { writeU16 } from '#wire/bytes.js'
import { dhcpv6OptionBytes } from '#wire/dhcpv6/encode.js'
import { dhcpv6Option, dhcpv6Port } from '#wire/dhcpv6/option-code.js'
import type { Dhcpv6Span } from '#wire/dhcpv6/request.js'
import { protocolUdp, udpHeaderBytes } from '#wire/udp.js'
import { type BootChoice, bootChoices } from './boot.js'
import { configuredOptions, fqdnOption } from './configured.js'

/** Everything of a NIC's DHCPv6 that does not depend on the message. */
export interface CompiledDhcpv6 {
  /**
   * All that is copied into answers, in one array because ten thousand NICs have one: the headers of a reply up to the
   * UDP header, without destination, lengths and checksum; then the whole options that the spans below name.
   */
  readonly bytes: Uint8Array
  /** The longest frame that the tap carries, bytes. */
  readonly maxFrameBytes: number
  /** Option 2. */
  readonly serverId: Dhcpv6Span
  /** Option 5 and option 26 with our lifetimes. */
  readonly address: Dhcpv6Span | undefined
  readonly prefix: Dhcpv6Span | undefined
  /** Option 39 with flags 0. */
  readonly fqdn: Dhcpv6Span | undefined
  /** Options that are the same in every reply, one after the other. */
  readonly configured: Dhcpv6Span
  readonly renewSeconds: number
  readonly rebindSeconds: number
  readonly hasRapidCommit: boolean
  readonly boot: readonly BootChoice[]
}

/** Bytes of a reply before its message. */
export const replyHeadBytes = frame6HeaderBytes + udpHeaderBytes

/** Works out what does not depend on the message; undefined for a NIC without DHCPv6. */
export function compileDhcpv6(service: NicService, device: NicDevice): CompiledDhcpv6 | undefined {
  const { dhcp6 } = service
  if (dhcp6 === undefined) return undefined
  const { address, delegatedPrefix, network } = dhcp6
  const serverId = {
    kind: 'bytes',
    code: dhcpv6Option.serverId,
    value: network.serverDuid,
  } as const
  const parts = {
    serverId: dhcpv6OptionBytes(serverId),
    address: address && addressOption(address, network),
    prefix: delegatedPrefix && prefixOption(delegatedPrefix, network),
    fqdn: fqdnOption(dhcp6),
    configured: configuredOptions(network),
  }
  const lengths = Object.values(parts).map((part) => part?.length ?? 0)
  const bytes = headOf(service, device, { moreBytes: lengths.reduce((sum, it) => sum + it, 0) })
  let next = replyHeadBytes
  const place = (part: Uint8Array): Dhcpv6Span => {
    const at = next
    bytes.set(part, at)
    next += part.length
    return { at, length: part.length }
  }
  return {
    bytes,
    maxFrameBytes: device.mtu + 14,
    serverId: place(parts.serverId),
    address: parts.address && place(parts.address),
    prefix: parts.prefix && place(parts.prefix),
    fqdn: parts.fqdn && place(parts.fqdn),
    configured: place(parts.configured),
    renewSeconds: network.renewSeconds,
    rebindSeconds: network.rebindSeconds,
    hasRapidCommit: network.hasRapidCommit,
    boot: bootChoices(network.boot),
  }
}

function headOf(
  service: NicService,
  device: NicDevice,
  { moreBytes }: { readonly moreBytes: number },
): Uint8Array {
  const bytes = emptyFrame6({
    destinationMac: macNumber(service.mac),
    sourceMac: device.sourceMac,
    source: routerAddress(service, device),
    protocol: protocolUdp,
    payloadLength: udpHeaderBytes + moreBytes,
  })
  writeU16(bytes, frame6HeaderBytes, dhcpv6Port.server)
  writeU16(bytes, frame6HeaderBytes + 2, dhcpv6Port.client)
  return bytes
}

function addressOption(address: Ipv6, { preferredSeconds, validSeconds }: Dhcp6Network) {
  const code = dhcpv6Option.iaAddress
  const preferred = Math.min(preferredSeconds, validSeconds)
  const lifetimes = { preferredSeconds: preferred, validSeconds, options: [] }
  return dhcpv6OptionBytes({ kind: 'address', code, address, ...lifetimes })
}

function prefixOption(
  delegated: NonNullable<Dhcp6Service['delegatedPrefix']>,
  { preferredSeconds, validSeconds }: Dhcp6Network,
) {
  const code = dhcpv6Option.iaPrefix
  const preferred = Math.min(preferredSeconds, validSeconds)
  const prefix = { address: network6(delegated), prefixLength: delegated.prefixLength }
  const lifetimes = { preferredSeconds: preferred, validSeconds, options: [] }
  return dhcpv6OptionBytes({ kind: 'prefix', code, prefix, ...lifetimes })
}
