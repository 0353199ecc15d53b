import { macNumber } from '#addr/mac.js'
import type { NicService } from '#binding/service.js'
import { type CompiledDhcpv4, compileDhcpv4 } from './dhcpv4/compile.js'
import type { CompiledNetworks } from './dhcpv4/network.js'
import { type CompiledIpv6, compileIpv6 } from './ipv6.js'
import type { NicDevice } from './outcome.js'
import {
  type AdvertisementFrame,
  type AdvertisementFrames,
  compileAdvertisement,
} from './ra/compile.js'

/** What was worked out for one NIC of a network and holds for the others. */
export interface SharedWork {
  readonly frames: AdvertisementFrames
  readonly networks: CompiledNetworks
}

/** Nothing worked out yet. */
export function createSharedWork(): SharedWork {
  return { frames: new WeakMap(), networks: new WeakMap() }
}

/**
 * A NIC as packets find it. What does not depend on the packet is worked out when a protocol's first packet comes, not
 * before: a host with thousands of NICs starts sooner, and pays in memory only for what its guests use.
 */
export interface CompiledNic {
  readonly service: NicService
  /** Its hardware address, `macNumber`. */
  readonly mac: number
  readonly device: NicDevice
  readonly shared: SharedWork
  /** Undefined before the first packet. Filled in place: nothing but a cache. */
  dhcpv4: CompiledDhcpv4 | undefined
  ipv6: CompiledIpv6 | undefined
  /** What is sent unasked, without the rest of `ipv6`: to most NICs that is all that is ever sent. */
  advertisement: AdvertisementFrame | undefined
}

/**
 * A NIC with this service, on these devices; made anew whenever one of them changes.
 * @param shared what NICs of one network have in common
 */
export function compileNic(
  service: NicService,
  device: NicDevice,
  shared: SharedWork = createSharedWork(),
): CompiledNic {
  return {
    service,
    mac: macNumber(service.mac),
    device,
    shared,
    dhcpv4: undefined,
    ipv6: undefined,
    advertisement: undefined,
  }
}

/** What the NIC is told unasked; undefined when nothing. */
export function unaskedAdvertisement(nic: CompiledNic): AdvertisementFrame | undefined {
  nic.advertisement ??= compileAdvertisement(nic.service, nic.device, nic.shared.frames)
  return nic.advertisement
}

/** What the NIC's DHCPv4 answers need; undefined when it is not served. */
export function dhcpv4Of(nic: CompiledNic): CompiledDhcpv4 | undefined {
  nic.dhcpv4 ??= compileDhcpv4(nic.service, nic.device, nic.shared.networks)
  return nic.dhcpv4
}

/** What the NIC's IPv6 answers need. */
export function ipv6Of(nic: CompiledNic): CompiledIpv6 {
  nic.ipv6 ??= compileIpv6(nic.service, nic.device, nic.shared.frames)
  return nic.ipv6
}
