import { macOfNumber } from '#addr/mac.js'
import type { NicService, RaService } from '#binding/service.js'
import { emptyFrame6, frame6FieldAt, frame6HeaderBytes } from '#responder/frame6.js'
import type { NicDevice, Outcome } from '#responder/outcome.js'
import { routerAddress } from '#responder/router.js'
import { sumWords } from '#wire/checksum.js'
import { protocolIcmpv6 } from '#wire/icmpv6.js'
import { ndpOptionBytes } from '#wire/ndp/encode-option.js'
import { encodeNdp, ndpFixedBytes } from '#wire/ndp/message.js'
import { advertisementOf } from './advertised.js'

/** An advertisement as a frame in which only the destinations and the checksum are missing. */
export interface AdvertisementFrame {
  readonly frame: Uint8Array
  /** What the checksum covers, without the destination. */
  readonly sum: number
  readonly outcome: Outcome & { readonly kind: 'reply' }
  /** Options that were left out, because the whole did not fit into one packet of the tap's MTU. */
  readonly omittedCount: number
}

/**
 * Frames that were made already. The NICs of a network are told the same, and thousands of them on one host share one
 * frame; a network's frames go when nobody is told of it any more.
 */
export type AdvertisementFrames = WeakMap<RaService, Map<string, AdvertisementFrame>>

/** A network's NICs on one host need one or two. */
const maxFramesOfNetwork = 32

const fixedBytes: number = ndpFixedBytes.routerAdvertisement

/** The frame of a NIC's advertisements; undefined where there are none. */
export function compileAdvertisement(
  service: NicService,
  device: NicDevice,
  frames: AdvertisementFrames = new WeakMap(),
): AdvertisementFrame | undefined {
  const { ra } = service
  if (ra === undefined) return undefined
  const known = frames.get(ra) ?? new Map<string, AdvertisementFrame>()
  frames.set(ra, known)
  const key = frameKey(service, device)
  const frame = known.get(key) ?? compileFrame(service, device)
  if (frame === undefined) return undefined
  if (known.size >= maxFramesOfNetwork) known.clear() // each routed tap may have a hardware address of its own
  known.set(key, frame)
  return frame
}

/** All that a frame is made of beside what its network is told. */
function frameKey({ isGateway, dhcp6 }: NicService, { sourceMac, mtu }: NicDevice): string {
  const isStateful = dhcp6?.address !== undefined || dhcp6?.delegatedPrefix !== undefined
  return [sourceMac, mtu, isGateway, dhcp6 !== undefined, isStateful].join(' ')
}

function compileFrame(service: NicService, device: NicDevice): AdvertisementFrame | undefined {
  const { sourceMac, mtu } = device
  const whole = advertisementOf(service, { mac: macOfNumber(sourceMac), mtu })
  if (whole === undefined) return undefined
  const options = whole.options.map(ndpOptionBytes)
  const fitting = fittingOptions(options, Math.min(mtu, 1500) - frame6HeaderBytes)
  const payloadLength = fitting.reduce((sum, { length }) => sum + length, fixedBytes)
  const frame = emptyFrame6({
    destinationMac: 0,
    sourceMac,
    source: routerAddress(service, device),
    protocol: protocolIcmpv6,
    payloadLength,
  })
  let next = frame6HeaderBytes + encodeNdp({ ...whole, options: [] }, frame, frame6HeaderBytes)
  for (const option of fitting) {
    frame.set(option, next)
    next += option.length
  }
  const pseudoSum = sumWords(frame, frame6FieldAt.source, 16, protocolIcmpv6 + payloadLength)
  return {
    frame,
    sum: sumWords(frame, frame6HeaderBytes, payloadLength, pseudoSum),
    outcome: {
      kind: 'reply',
      what: 'router-advertisement',
      length: frame.length,
      verdict: service.isGateway ? 'drop' : 'pass',
    },
    omittedCount: options.length - fitting.length,
  }
}

/** An advertisement is never fragmented (RFC 6980 §5): options that no longer fit are left out. */
function fittingOptions(options: readonly Uint8Array[], room: number): readonly Uint8Array[] {
  let length = fixedBytes
  return options.filter((option) => {
    if (length + option.length > room) return false
    length += option.length
    return true
  })
}
