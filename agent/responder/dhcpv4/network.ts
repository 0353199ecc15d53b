import { maskNumber4 } from '#addr/cidr.js'
import { ipv4Number } from '#addr/ipv4.js'
import type { Dhcp4Network } from '#binding/service.js'
import type { ReplyTemplate } from './template.js'

/** What DHCPv4 tells all NICs of a network, with what is needed for each packet as numbers: one for thousands of NICs. */
export interface CompiledNetwork {
  readonly told: Dhcp4Network
  /** Whether a NIC's own hardware address must be the client's. */
  readonly checksSource: boolean
  /** `ipv4Number`. */
  readonly serverId: number
  /** With these bits set an address is its network's broadcast address; all, where a network has none. */
  readonly hostBits: number
  /** Option 26. */
  readonly mtu: number
  /** The longest IP packet that an answer may be, bytes. */
  readonly maxPacketBytes: number
  /** Answers built before, the newest first. Changed in place: nothing but a cache (templates.ts). */
  templates: readonly ReplyTemplate[]
}

/** In what networks differ that are told the same. */
export interface NetworkPlace {
  /** MTU of the taps in bytes. */
  readonly mtu: number
  readonly checksSource: boolean
}

/** Networks that were compiled already; they go when no NIC is told of them any more. */
export type CompiledNetworks = WeakMap<Dhcp4Network, Map<string, CompiledNetwork>>

/** Kinds of taps of one network; there are one or two. */
const maxPlaces = 32

/** An answer never exceeds an Ethernet frame, whatever a tap can do: this is what fits into any slot. */
const maxPacketBytes = 1500

/** The network as its NICs share it. */
export function compiledNetwork(
  told: Dhcp4Network,
  place: NetworkPlace,
  networks: CompiledNetworks,
): CompiledNetwork {
  const places = networks.get(told) ?? new Map<string, CompiledNetwork>()
  networks.set(told, places)
  const key = `${place.mtu} ${place.checksSource}`
  const network = places.get(key) ?? compileNetwork(told, place)
  if (places.size >= maxPlaces) places.clear()
  places.set(key, network)
  return network
}

function compileNetwork(told: Dhcp4Network, { mtu, checksSource }: NetworkPlace): CompiledNetwork {
  const { prefixLength } = told
  return {
    told,
    checksSource,
    serverId: ipv4Number(told.serverId),
    // a /31 or /32 has none (RFC 3021)
    hostBits: prefixLength > 30 ? 0xffff_ffff : ~maskNumber4(prefixLength) >>> 0,
    mtu: told.mtu ?? mtu,
    maxPacketBytes: Math.min(mtu, maxPacketBytes),
    templates: [],
  }
}
