import { type CapturedPacket, maxCapturedPackets } from './captured-packet.js'

/** What a capture says of one of its interfaces. */
interface CaptureInterface {
  readonly linkType: number
  /** Units of its time stamps in a second. */
  readonly perSecond: number
}

/** Options of an interface description block that are looked at. */
const maxOptions = 64

/**
 * The packets of a pcapng file (draft-ietf-opsawg-pcapng). Sections may change the byte order; blocks that are not known are
 * stepped over, and the first one that does not fit ends the reading.
 *
 *     each block: type, total length, 4 bytes each; body; total length again
 */
export function readPcapNg(view: DataView): readonly CapturedPacket[] {
  const packets: CapturedPacket[] = []
  let interfaces: CaptureInterface[] = []
  let isLittle = false
  let at = 0
  while (at + 12 <= view.byteLength && packets.length < maxCapturedPackets) {
    const type = view.getUint32(at, isLittle)
    if (type === 0x0a0d0d0a) {
      isLittle = view.getUint32(at + 8, true) === 0x1a2b3c4d
      interfaces = []
    }
    const length = view.getUint32(at + 4, isLittle)
    if (length < 12 || length % 4 !== 0 || at + length > view.byteLength) break
    const block = { view, isLittle, at: at + 8, end: at + length - 4 }
    if (type === 1 && length >= 20) interfaces.push(readInterface(block))
    const packet = type === 6 && length >= 32 ? readPacket(block, interfaces) : undefined
    if (packet !== undefined) packets.push(packet)
    at += length
  }
  return packets
}

interface Block {
  readonly view: DataView
  readonly isLittle: boolean
  /** Where the body begins and ends. */
  readonly at: number
  readonly end: number
}

/** Interface description block: link type, 2 reserved bytes, snapshot length, options; if_tsresol (9) is the only one of use. */
function readInterface({ view, isLittle, at, end }: Block): CaptureInterface {
  const linkType = view.getUint16(at, isLittle)
  let option = at + 8
  for (let count = 0; option + 4 <= end && count < maxOptions; count++) {
    const code = view.getUint16(option, isLittle)
    const length = view.getUint16(option + 2, isLittle)
    if (code === 9 && length === 1 && option + 5 <= end) {
      const resolution = view.getUint8(option + 4)
      const exponent = resolution & 0x7f
      return { linkType, perSecond: resolution >= 0x80 ? 2 ** exponent : 10 ** exponent }
    }
    option += 4 + Math.ceil(length / 4) * 4
  }
  return { linkType, perSecond: 1e6 }
}

/** Enhanced packet block: interface, time stamp (high, low), captured length, wire length; then the packet's bytes. */
function readPacket(
  { view, isLittle, at, end }: Block,
  interfaces: readonly CaptureInterface[],
): CapturedPacket | undefined {
  const from = interfaces[view.getUint32(at, isLittle)]
  const length = view.getUint32(at + 12, isLittle)
  if (from === undefined || at + 20 + length > end) return undefined
  const units = view.getUint32(at + 4, isLittle) * 2 ** 32 + view.getUint32(at + 8, isLittle)
  return {
    linkType: from.linkType,
    at: at + 20,
    length,
    wireLength: view.getUint32(at + 16, isLittle),
    timeMs: (units / from.perSecond) * 1000,
  }
}
