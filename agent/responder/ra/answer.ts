import { macNumber } from '#addr/mac.js'
import type { NicService } from '#binding/service.js'
import { type AddressSet, isInSet, networkSet } from '#responder/address-set.js'
import { frame6FieldAt } from '#responder/frame6.js'
import { checkSolicitation, dropped, isLinkLocal, isUnspecified } from '#responder/nd/check.js'
import { ownAddresses } from '#responder/nd/own-addresses.js'
import type { NicDevice, Outcome, Packet, Slot } from '#responder/outcome.js'
import { areBytesEqual } from '#wire/bytes.js'
import { type Ipv6Payload, ipv6FieldAt } from '#wire/ipv6.js'
import { ndpFixedBytes } from '#wire/ndp/message.js'
import {
  type AdvertisementFrame,
  type AdvertisementFrames,
  compileAdvertisement,
} from './compile.js'
import { allNodes, writeAdvertisementTo } from './write.js'

/** What is needed to answer a NIC's router solicitations. */
export interface CompiledRouter {
  /** The NIC's hardware address, `macNumber`. */
  readonly mac: number
  readonly advertisement: AdvertisementFrame
  /** Where a guest's global addresses lie, as far as we know. */
  readonly known: AddressSet
}

/** Works out what does not depend on the packet; undefined for a NIC without router advertisements. */
export function compileRouter(
  service: NicService,
  device: NicDevice,
  frames?: AdvertisementFrames,
): CompiledRouter | undefined {
  const advertisement = compileAdvertisement(service, device, frames)
  if (advertisement === undefined) return undefined
  const { ra, dhcp6, neighbours } = service
  const proxied = neighbours?.isProxy ? neighbours.subnet : undefined
  const prefixes = [dhcp6?.delegatedPrefix, proxied].filter((it) => it !== undefined)
  const addresses = [
    dhcp6?.address,
    ...(neighbours ? ownAddresses(service, neighbours.subnet) : []),
  ]
  const hosts = addresses.flatMap((it) => (it ? [{ address: it, prefixLength: 128 }] : []))
  return {
    mac: macNumber(service.mac),
    advertisement,
    known: networkSet([...(ra?.prefixes ?? []).map(({ prefix }) => prefix), ...prefixes, ...hosts]),
  }
}

/**
 * Answers a router solicitation (RFC 4861 §6.2.6).
 *
 * Any link-local source is answered, however it was made (EUI-64, RFC 7217, at random), and so is `::`; a global one
 * must be one that this NIC can have. The answer goes to the source alone (RFC 7772 §4: a multicast answer wakes every
 * battery, and here it would only make the guest's other sockets look), or to all nodes where the source is `::`. It is
 * not delayed: the delay of §6.2.6 keeps several routers of one link from answering at once.
 */
export function answerRouterSolicitation(
  { mac, advertisement, known }: CompiledRouter,
  packet: Packet,
  { payload, slot }: { readonly payload: Ipv6Payload; readonly slot: Slot },
): Outcome {
  const fixedBytes = ndpFixedBytes.routerSolicitation
  const problem = checkSolicitation({ packet, payload, fixedBytes })
  if (problem !== undefined) return problem
  if (slot.size < advertisement.frame.length) return dropped.tooLarge
  const { bytes } = packet
  const sourceAt = packet.at + ipv6FieldAt.source
  if (isUnspecified(bytes, sourceAt)) {
    writeAdvertisementTo(advertisement, slot, { mac, bytes: allNodes, at: 0 })
    return advertisement.outcome
  }
  const isPossible = isLinkLocal(bytes, sourceAt) || isInSet(known, bytes, sourceAt)
  if (!isPossible || isRouter(advertisement, bytes, sourceAt)) return dropped.source
  writeAdvertisementTo(advertisement, slot, { mac, bytes, at: sourceAt })
  return advertisement.outcome
}

/** Whether the address is the router's own, which nobody else has. */
function isRouter({ frame }: AdvertisementFrame, bytes: Uint8Array, at: number): boolean {
  const fromAt = frame6FieldAt.source
  return areBytesEqual({ from: frame, fromAt, to: bytes, toAt: at, length: 16 })
}
