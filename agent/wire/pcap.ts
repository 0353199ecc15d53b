import { err, ok, type Result } from '#result.js'
import { type CapturedPacket, maxCapturedPackets } from './captured-packet.js'
import { readPcapNg } from './pcapng.js'

/**
 * Finds the packets of a capture: pcap (draft-ietf-opsawg-pcap, both byte orders, micro- and nanoseconds) or pcapng. Takes
 * what it can of a file that is cut off; never throws.
 *
 * @returns what is wrong when it is no capture at all
 */
export function readCapture(bytes: Uint8Array): Result<readonly CapturedPacket[], string> {
  if (bytes.length < 24) return err('is too short for a capture')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = view.getUint32(0, false)
  switch (magic) {
    case 0x0a0d0d0a:
      return ok(readPcapNg(view))
    case 0xa1b2c3d4:
      return ok(readPcap(view, { isLittle: false, perSecond: 1e6 }))
    case 0xd4c3b2a1:
      return ok(readPcap(view, { isLittle: true, perSecond: 1e6 }))
    case 0xa1b23c4d:
      return ok(readPcap(view, { isLittle: false, perSecond: 1e9 }))
    case 0x4d3cb2a1:
      return ok(readPcap(view, { isLittle: true, perSecond: 1e9 }))
    default:
      return err('is neither pcap nor pcapng')
  }
}

/**
 *     file header, 24 bytes: magic, version, 2 unused words, snapshot length, link type
 *     each packet: seconds, fraction, captured length, wire length, 4 bytes each; then its bytes
 */
function readPcap(
  view: DataView,
  { isLittle, perSecond }: { readonly isLittle: boolean; readonly perSecond: number },
): readonly CapturedPacket[] {
  const packets: CapturedPacket[] = []
  const linkType = view.getUint32(20, isLittle) & 0xffff
  let at = 24
  while (at + 16 <= view.byteLength && packets.length < maxCapturedPackets) {
    const length = view.getUint32(at + 8, isLittle)
    if (at + 16 + length > view.byteLength) break
    packets.push({
      linkType,
      at: at + 16,
      length,
      wireLength: view.getUint32(at + 12, isLittle),
      timeMs:
        view.getUint32(at, isLittle) * 1000 + (view.getUint32(at + 4, isLittle) / perSecond) * 1000,
    })
    at += 16 + length
  }
  return packets
}
