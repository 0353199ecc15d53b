import { ipv4Number } from '#addr/ipv4.js'
import { macNumber } from '#addr/mac.js'
import type { NicService } from '#binding/service.js'
import type { NicDevice } from '#responder/outcome.js'
import { type CompiledNetwork, type CompiledNetworks, compiledNetwork } from './network.js'
import type { ReplyTemplate } from './template.js'

/** What a NIC is told by DHCPv4, with what is needed for each packet as numbers. */
export interface CompiledDhcpv4 {
  readonly network: CompiledNetwork
  /** The NIC's own hardware address, `macNumber`. */
  readonly mac: number
  /** Ethernet source of answers, `macNumber`. */
  readonly sourceMac: number
  /** The NIC's one address, `ipv4Number`. */
  readonly address: number
  /** The host's name without its domain: what option 12 says; empty for none. */
  readonly hostname: string
  /** The two answers used last: nothing but a cache, changed in place (templates.ts). */
  latest: ReplyTemplate | undefined
  former: ReplyTemplate | undefined
}

/** The broadcast address of every network, `ipv4Number` (RFC 919). */
export const limitedBroadcast = 0xffff_ffff

/** Works out what DHCPv4 needs for a NIC. @returns undefined when it is not served */
export function compileDhcpv4(
  { dhcp4, mac, checksSource }: NicService,
  { sourceMac, mtu }: NicDevice,
  networks: CompiledNetworks = new WeakMap(),
): CompiledDhcpv4 | undefined {
  if (dhcp4 === undefined) return undefined
  const { address, hostname = '', network } = dhcp4
  return {
    network: compiledNetwork(network, { mtu, checksSource }, networks),
    mac: macNumber(mac),
    sourceMac,
    address: ipv4Number(address),
    hostname: hostname.split('.')[0] ?? '',
    latest: undefined,
    former: undefined,
  }
}

/** The broadcast address of the NIC's network, `ipv4Number`; that of all networks where it has none. */
export function broadcastOf({ network, address }: CompiledDhcpv4): number {
  return (address | network.hostBits) >>> 0
}
