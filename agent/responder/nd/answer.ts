import { macNumber, macOfNumber } from '#addr/mac.js'
import type { NicService } from '#binding/service.js'
import { type AddressSet, addressSet, isInSet, networkSet } from '#responder/address-set.js'
import { emptyFrame6, frame6FieldAt, frame6HeaderBytes } from '#responder/frame6.js'
import type { NicDevice, Outcome, Packet, Slot } from '#responder/outcome.js'
import { allNodes } from '#responder/ra/write.js'
import { routerAddress } from '#responder/router.js'
import { copyBytes } from '#wire/bytes.js'
import { sumPseudoHeader6 } from '#wire/checksum.js'
import { protocolIcmpv6, writeIcmpv6Checksum } from '#wire/icmpv6.js'
import { type Ipv6Payload, ipv6FieldAt } from '#wire/ipv6.js'
import { encodeNdp, ndpFixedBytes, ndpTargetAt } from '#wire/ndp/message.js'
import { checkSolicitation, dropped, isUnspecified } from './check.js'
import { ownAddresses } from './own-addresses.js'

/** What is needed to answer a NIC's neighbour solicitations. */
export interface CompiledNeighbours {
  /** An advertisement without destination, target, flags S and O, and checksum; it comes from the router's own address. */
  readonly frame: Uint8Array
  /** The router's addresses. */
  readonly targets: AddressSet
  /** Where it answers for neighbours. */
  readonly proxied: AddressSet
  /** The NIC's own addresses. */
  readonly own: AddressSet
}

const messageBytes = ndpFixedBytes.neighbourAdvertisement + 8
const flagsAt = frame6HeaderBytes + 4
const targetAt = frame6HeaderBytes + ndpTargetAt
const flag = { router: 0x80, solicited: 0x40, override: 0x20 } as const

const advertised: Outcome = {
  kind: 'reply',
  what: 'neighbour-advertisement',
  length: frame6HeaderBytes + messageBytes,
  verdict: 'drop',
}
const otherTarget: Outcome = { kind: 'pass', reason: 'other-target' }
const duplicateDetection: Outcome = { kind: 'pass', reason: 'duplicate-address-detection' }

/** Works out what does not depend on the packet; undefined for a NIC whose solicitations are not ours. */
export function compileNeighbours(
  service: NicService,
  device: NicDevice,
): CompiledNeighbours | undefined {
  const { neighbours } = service
  if (neighbours === undefined) return undefined
  const frame = emptyFrame6({
    destinationMac: macNumber(service.mac),
    sourceMac: device.sourceMac,
    source: routerAddress(service, device),
    protocol: protocolIcmpv6,
    payloadLength: messageBytes,
  })
  const mac = macOfNumber(device.sourceMac)
  encodeNdp(
    {
      kind: 'neighbour-advertisement',
      isRouter: service.isGateway,
      isSolicited: false,
      isOverride: false,
      target: routerAddress(service, device),
      options: [{ kind: 'target-link-layer-address', mac }],
    },
    frame,
    frame6HeaderBytes,
  )
  const own = ownAddresses(service, neighbours.subnet)
  // the router's own address is one of its addresses also where the configuration leaves it to the device
  const targets = neighbours.targets.filter((target) => !own.includes(target))
  return {
    frame,
    targets: addressSet([...targets, routerAddress(service, device)]),
    proxied: networkSet(neighbours.isProxy ? [neighbours.subnet] : []),
    own: addressSet(own),
  }
}

/**
 * Answers a neighbour solicitation for an address that this host has or stands in for (RFC 4861 §7.2.4).
 *
 * - The host's own address: flag O, and it comes from that address, as the kernel would do it.
 * - A neighbour's address that the host routes to: a proxy's answer, without flag O (§7.2.8), from the router's address.
 * - Duplicate address detection (source `::`) is left alone, for we cannot know who else has the address, except for the
 *   router's own address: that is defended, to all nodes and without flag S (§7.2.4, RFC 4862 §5.4.4), in a frame to the
 *   NIC alone.
 */
export function answerNeighbourSolicitation(
  compiled: CompiledNeighbours,
  packet: Packet,
  { payload, slot }: { readonly payload: Ipv6Payload; readonly slot: Slot },
): Outcome {
  const fixedBytes = ndpFixedBytes.neighbourSolicitation
  const problem = checkSolicitation({ packet, payload, fixedBytes })
  if (problem !== undefined) return problem
  const { bytes, at } = packet
  const askedAt = payload.at + ndpTargetAt
  if (bytes[askedAt] === 0xff) return dropped.malformed
  const isDetection = isUnspecified(bytes, at + ipv6FieldAt.source)
  if (isDetection && !isSolicitedNode(bytes, at + ipv6FieldAt.destination)) return dropped.malformed
  const isOwn = isInSet(compiled.targets, bytes, askedAt)
  if (isDetection && !isOwn) return duplicateDetection
  if (!isOwn && !isProxied(compiled, bytes, askedAt)) return otherTarget
  if (slot.size < compiled.frame.length) return dropped.tooLarge
  if (!isDetection && isInSet(compiled.targets, bytes, at + ipv6FieldAt.source))
    return dropped.source
  const flags = (isDetection ? 0 : flag.solicited) | (isOwn ? flag.override : 0)
  writeAnswer(compiled.frame, packet, { slot, askedAt, flags })
  return advertised
}

function isProxied({ proxied, own }: CompiledNeighbours, bytes: Uint8Array, at: number): boolean {
  return isInSet(proxied, bytes, at) && !isInSet(own, bytes, at)
}

/** Detection must ask the group of the address (RFC 4861 §7.1.1): ff02::1:ff00:0/104. */
function isSolicitedNode(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0xff || bytes[at + 1] !== 2) return false
  for (let index = 2; index < 11; index++) if (bytes[at + index] !== 0) return false
  return bytes[at + 11] === 1 && bytes[at + 12] === 0xff
}

interface AnswerParts {
  readonly slot: Slot
  /** Where the target stands in the packet. */
  readonly askedAt: number
  readonly flags: number
}

function writeAnswer(frame: Uint8Array, packet: Packet, { slot, askedAt, flags }: AnswerParts) {
  const { bytes: to, at } = slot
  const { bytes: from } = packet
  to.set(frame, at)
  copyBytes({ from, fromAt: askedAt, to, toAt: at + targetAt, length: 16 })
  if (flags & flag.override)
    copyBytes({ from, fromAt: askedAt, to, toAt: at + frame6FieldAt.source, length: 16 })
  const isSolicited = (flags & flag.solicited) !== 0
  copyBytes({
    from: isSolicited ? from : allNodes,
    fromAt: isSolicited ? packet.at + ipv6FieldAt.source : 0,
    to,
    toAt: at + frame6FieldAt.destination,
    length: 16,
  })
  to[at + flagsAt] = (to[at + flagsAt] ?? 0) | flags
  const pseudoSum = sumPseudoHeader6({
    addresses: to,
    at: at + frame6FieldAt.source,
    protocol: protocolIcmpv6,
    length: messageBytes,
  })
  writeIcmpv6Checksum(to, at + frame6HeaderBytes, { length: messageBytes, pseudoSum })
}
