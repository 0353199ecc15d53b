import { ipv4Number } from '#addr/ipv4.js'
import { macNumber } from '#addr/mac.js'
import type { CompiledNic } from '#responder/compiled-nic.js'
import { readU16, readU32, readU48 } from '#wire/bytes.js'
import { isSumValid, sumPseudoHeader4, sumPseudoHeader6, sumWords } from '#wire/checksum.js'

/** What is wrong with an answer, whatever the question was; undefined when nothing is. */
export function faultOf(
  nic: CompiledNic,
  bytes: Uint8Array,
  at: number,
  length: number,
): string | undefined {
  if (length < 60 || length > 1514) return `has ${length} bytes`
  const destination = readU48(bytes, at)
  const isOwn = destination === macNumber(nic.service.mac)
  const isGroup = destination === 0xffff_ffff_ffff || destination === 0x3333_0000_0001
  if (!isOwn && !isGroup) return `goes to ${destination.toString(16)}`
  if (readU48(bytes, at + 6) !== nic.device.sourceMac) return 'has another source'
  const type = readU16(bytes, at + 12)
  if (type === 0x0800) return ipv4Fault(nic, bytes, at + 14, length - 14)
  return type === 0x86dd ? ipv6Fault(bytes, at + 14, length - 14) : 'is no IP packet'
}

function ipv4Fault(
  nic: CompiledNic,
  bytes: Uint8Array,
  at: number,
  length: number,
): string | undefined {
  const { dhcp4 } = nic.service
  if (dhcp4 === undefined) return 'is DHCP for a NIC that is not served'
  if (bytes[at] !== 0x45 || readU16(bytes, at + 2) !== length) return 'has a wrong IP length'
  if (!isSumValid(sumWords(bytes, at, 20, 0))) return 'has a wrong IP checksum'
  const pseudo = sumPseudoHeader4({
    ...{ source: readU32(bytes, at + 12), destination: readU32(bytes, at + 16) },
    ...{ protocol: 17, length: length - 20 },
  })
  if (!isSumValid(sumWords(bytes, at + 20, length - 20, pseudo))) return 'has a wrong UDP checksum'
  const yiaddr = readU32(bytes, at + 28 + 16)
  const isKnown = yiaddr === 0 || yiaddr === ipv4Number(dhcp4.address)
  return isKnown ? undefined : `gives ${yiaddr.toString(16)}`
}

function ipv6Fault(bytes: Uint8Array, at: number, length: number): string | undefined {
  if (readU16(bytes, at + 4) !== length - 40) return 'has a wrong IPv6 length'
  const protocol = bytes[at + 6] ?? 0
  const pseudo = sumPseudoHeader6({ addresses: bytes, at: at + 8, protocol, length: length - 40 })
  if (!isSumValid(sumWords(bytes, at + 40, length - 40, pseudo))) return 'has a wrong checksum'
  if (protocol === 58 && bytes[at + 7] !== 255) return 'has a hop limit below 255'
  return undefined
}
