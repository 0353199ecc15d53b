import { readU32 } from '#wire/bytes.js'
import { finishChecksum, sumPseudoHeader4, sumPseudoHeader6, sumWords } from '#wire/checksum.js'
import type { Random } from './random.js'

/** Longest packet that a queue hands over, without its Ethernet header. */
export const longestPacket = 1600

/** Values at which lengths and counts go wrong. */
const interesting = [0, 1, 2, 3, 4, 7, 8, 0x0f, 0x10, 0x3f, 0x40, 0x7f, 0x80, 0xfe, 0xff]

/**
 * Writes a changed copy of an IP packet into `into` and returns its length. Bytes are set, flipped, cut off, doubled and
 * spliced in from another packet; mostly the header's own checks are put right again, so that what follows is reached.
 */
export function mutate(
  packet: Uint8Array,
  {
    into,
    other,
    random,
  }: { readonly into: Uint8Array; readonly other: Uint8Array; readonly random: Random },
): number {
  into.set(packet)
  let length = packet.length
  for (let change = random.below(6); change >= 0; change--) {
    const at = random.below(length)
    switch (random.below(8)) {
      case 0:
        into[at] = (into[at] ?? 0) ^ (1 << random.below(8))
        break
      case 1:
        into[at] = random.pick(interesting)
        break
      case 2:
        into[at] = random.below(256)
        break
      case 3:
        into[at] = (into[at] ?? 0) + random.pick([-1, 1, 2, 8])
        break
      case 4:
        if (random.oneIn(3)) length = Math.max(1, at)
        break
      case 5: {
        const size = Math.min(random.below(64), longestPacket - length)
        into.copyWithin(at + size, at, length)
        length += size
        break
      }
      case 6: {
        const from = random.below(other.length)
        const size = Math.min(random.below(48), other.length - from, longestPacket - at)
        into.set(other.subarray(from, from + size), at)
        length = Math.max(length, at + size)
        break
      }
      default:
        length = Math.min(longestPacket, length + random.below(40))
    }
  }
  if (!random.oneIn(4)) repair(into, length)
  return length
}

/** Makes lengths and checksums what they should be, as far as the packet's own words go. */
function repair(bytes: Uint8Array, length: number): void {
  const version = (bytes[0] ?? 0) >> 4
  if (version === 4 && length >= 28) repairIpv4(bytes, length)
  if (version === 6 && length >= 48) repairIpv6(bytes, length)
}

function repairIpv4(bytes: Uint8Array, length: number): void {
  const headerBytes = ((bytes[0] ?? 0) & 15) * 4
  if (headerBytes < 20 || headerBytes + 8 > length) return
  put16(bytes, 2, length)
  put16(bytes, 10, 0)
  put16(bytes, 10, finishChecksum(sumWords(bytes, 0, headerBytes, 0)))
  const size = length - headerBytes
  put16(bytes, headerBytes + 4, size)
  put16(bytes, headerBytes + 6, 0)
  const pseudo = sumPseudoHeader4({
    ...{ source: readU32(bytes, 12), destination: readU32(bytes, 16) },
    ...{ protocol: 17, length: size },
  })
  put16(bytes, headerBytes + 6, finishChecksum(sumWords(bytes, headerBytes, size, pseudo)))
}

function repairIpv6(bytes: Uint8Array, length: number): void {
  const protocol = bytes[6] ?? 0
  const size = length - 40
  put16(bytes, 4, size)
  const checksumAt = protocol === 17 ? 46 : protocol === 58 ? 42 : undefined
  if (checksumAt === undefined) return
  if (protocol === 17) put16(bytes, 44, size)
  put16(bytes, checksumAt, 0)
  const pseudo = sumPseudoHeader6({ addresses: bytes, at: 8, protocol, length: size })
  put16(bytes, checksumAt, finishChecksum(sumWords(bytes, 40, size, pseudo)))
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value & 0xff
}
