import { frame6FieldAt, frame6HeaderBytes } from '#responder/frame6.js'
import type { Slot } from '#responder/outcome.js'
import { readU16, writeU16, writeU48 } from '#wire/bytes.js'
import { finishChecksum, sumPseudoHeader6 } from '#wire/checksum.js'
import { icmpv6ChecksumAt, protocolIcmpv6, writeIcmpv6Checksum } from '#wire/icmpv6.js'
import { raFlagsAt, routerLifetimeAt } from '#wire/ndp/message.js'
import { preferenceMask } from '#wire/ndp/option.js'
import type { AdvertisementFrame } from './compile.js'

/** The all-nodes address ff02::1 (RFC 4291 §2.7.1). */
export const allNodes = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)

const checksumAt = frame6HeaderBytes + icmpv6ChecksumAt

/**
 * Writes a NIC's advertisement to all nodes, unasked (RFC 4861 §6.2.4).
 *
 * The Ethernet destination is the NIC's own address all the same: only one host stands behind the tap, and hosts take a
 * multicast packet in a unicast frame (RFC 6085).
 * @param options.mac of the NIC, `macNumber`
 * @param options.isFinal with router lifetime 0: this host will no longer be the NIC's router (RFC 4861 §6.2.5). Prefixes
 *   stay as they are, for another node may go on serving the NIC.
 * @returns the frame's length in bytes; 0 when the slot is too small
 */
export function writeAdvertisement(
  advertisement: AdvertisementFrame,
  slot: Slot,
  { mac, isFinal }: { readonly mac: number; readonly isFinal: boolean },
): number {
  const { length } = advertisement.frame
  if (slot.size < length) return 0
  writeAdvertisementTo(advertisement, slot, { mac, bytes: allNodes, at: 0 })
  if (isFinal) clearRouterLifetime(slot, length)
  return length
}

/** To whom an advertisement goes. */
export interface AdvertisementDestination {
  /** The NIC's, `macNumber`: nothing ever goes to another hardware address. */
  readonly mac: number
  /** The IPv6 address stands here. */
  readonly bytes: Uint8Array
  readonly at: number
}

/** Writes an advertisement to one address; the slot must be large enough. */
export function writeAdvertisementTo(
  { frame, sum: frameSum }: AdvertisementFrame,
  { bytes, at }: Slot,
  destination: AdvertisementDestination,
): void {
  bytes.set(frame, at)
  writeU48(bytes, at, destination.mac)
  let sum = frameSum
  for (let index = 0; index < 16; index += 2) {
    const word = readU16(destination.bytes, destination.at + index)
    writeU16(bytes, at + frame6FieldAt.destination + index, word)
    sum += word
  }
  writeU16(bytes, at + checksumAt, finishChecksum(sum))
}

/** Router lifetime 0, and with it no preference (RFC 4191 §2.2). */
function clearRouterLifetime({ bytes, at }: Slot, frameLength: number): void {
  const messageAt = at + frame6HeaderBytes
  const length = frameLength - frame6HeaderBytes
  const pseudoSum = sumPseudoHeader6({
    addresses: bytes,
    at: at + frame6FieldAt.source,
    protocol: protocolIcmpv6,
    length,
  })
  bytes[messageAt + raFlagsAt] = (bytes[messageAt + raFlagsAt] ?? 0) & ~preferenceMask
  writeU16(bytes, messageAt + routerLifetimeAt, 0)
  writeIcmpv6Checksum(bytes, messageAt, { length, pseudoSum })
}
