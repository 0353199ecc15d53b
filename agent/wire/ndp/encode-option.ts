import { network6 } from '#addr/cidr.js'
import { ipv6Bytes } from '#addr/ipv6.js'
import { macBytes } from '#addr/mac.js'
import { assertNever } from '#result.js'
import { writeU16, writeU32 } from '#wire/bytes.js'
import { domainNamesBytes } from '#wire/domain-name.js'
import { type NdpOption, ndpOptionType, pref64Lengths, preferenceBits } from './option.js'

/**
 * The option as it stands on the wire, padded with zeros to a multiple of 8 bytes (RFC 4861 §4.6).
 * @throws RangeError for what no option can hold: a name that is none, a NAT64 prefix of another length, more than 2040 bytes
 */
export function ndpOptionBytes(option: NdpOption): Uint8Array {
  const { type, body } = typeAndBody(option)
  const units = Math.ceil((body.length + 2) / 8)
  if (units > 255) throw new RangeError(`option ${option.kind} does not fit into 2040 bytes`)
  const bytes = new Uint8Array(units * 8)
  bytes[0] = type
  bytes[1] = units
  bytes.set(body, 2)
  return bytes
}

function typeAndBody(option: NdpOption): { readonly type: number; readonly body: Uint8Array } {
  switch (option.kind) {
    case 'source-link-layer-address':
      return { type: ndpOptionType.sourceLinkLayerAddress, body: macBytes(option.mac) }
    case 'target-link-layer-address':
      return { type: ndpOptionType.targetLinkLayerAddress, body: macBytes(option.mac) }
    case 'prefix':
      return { type: ndpOptionType.prefix, body: prefixBody(option) }
    case 'mtu': {
      const body = new Uint8Array(6)
      writeU32(body, 2, option.mtu)
      return { type: ndpOptionType.mtu, body }
    }
    case 'route':
      return { type: ndpOptionType.route, body: routeBody(option) }
    case 'dns-servers': {
      const body = lifetimeAnd(option.lifetimeSeconds, option.addresses.length * 16)
      for (const [index, address] of option.addresses.entries())
        body.set(ipv6Bytes(address), 6 + index * 16)
      return { type: ndpOptionType.dnsServers, body }
    }
    case 'dns-search-list': {
      const names = domainNamesBytes(option.names)
      if (names === undefined) throw new RangeError(`no domain names: ${option.names.join(' ')}`)
      const body = lifetimeAnd(option.lifetimeSeconds, names.length)
      body.set(names, 6)
      return { type: ndpOptionType.dnsSearchList, body }
    }
    case 'pref64':
      return { type: ndpOptionType.pref64, body: pref64Body(option) }
    case 'captive-portal': {
      const body = Uint8Array.from(option.uri, (char) => char.charCodeAt(0))
      return { type: ndpOptionType.captivePortal, body }
    }
    case 'raw':
      return option
    default:
      return assertNever(option)
  }
}

function prefixBody(option: NdpOption & { readonly kind: 'prefix' }): Uint8Array {
  const body = new Uint8Array(30)
  body[0] = option.prefix.prefixLength
  body[1] =
    (option.isOnLink ? 0x80 : 0) |
    (option.isAutonomous ? 0x40 : 0) |
    (option.isRouterAddress ? 0x20 : 0) |
    (option.isDelegationPreferred ? 0x10 : 0)
  writeU32(body, 2, option.validSeconds)
  writeU32(body, 6, option.preferredSeconds)
  body.set(ipv6Bytes(option.prefix.address), 14)
  return body
}

/** With the whole prefix, which every host takes, whatever its length (RFC 4191 §2.3); radvd writes it so too. */
function routeBody({
  prefix,
  preference,
  lifetimeSeconds,
}: NdpOption & { readonly kind: 'route' }): Uint8Array {
  const body = new Uint8Array(22)
  body[0] = prefix.prefixLength
  body[1] = preferenceBits[preference]
  writeU32(body, 2, lifetimeSeconds)
  body.set(ipv6Bytes(network6(prefix)), 6)
  return body
}

function pref64Body({
  prefix,
  lifetimeSeconds,
}: NdpOption & { readonly kind: 'pref64' }): Uint8Array {
  const code = pref64Lengths.indexOf(prefix.prefixLength)
  if (code < 0) throw new RangeError(`no NAT64 prefix has length ${prefix.prefixLength}`)
  const body = new Uint8Array(14)
  writeU16(body, 0, (lifetimeSeconds & 0xfff8) | code)
  body.set(ipv6Bytes(network6(prefix)).subarray(0, 12), 2)
  return body
}

/** Two reserved bytes, a lifetime, and room for more. */
function lifetimeAnd(lifetimeSeconds: number, moreBytes: number): Uint8Array {
  const body = new Uint8Array(6 + moreBytes)
  writeU32(body, 2, lifetimeSeconds)
  return body
}
