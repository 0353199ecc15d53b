import type { NicService } from '#binding/service.js'
import { readU16 } from '#wire/bytes.js'
import { icmpv6Type, protocolIcmpv6 } from '#wire/icmpv6.js'
import { findIpv6Payload, type Ipv6Payload } from '#wire/ipv6.js'
import { protocolUdp } from '#wire/udp.js'
import { answerDhcpv6 } from './dhcpv6/answer.js'
import { type CompiledDhcpv6, compileDhcpv6 } from './dhcpv6/compile.js'
import {
  answerNeighbourSolicitation,
  type CompiledNeighbours,
  compileNeighbours,
} from './nd/answer.js'
import { dropped } from './nd/check.js'
import type { NicDevice, Outcome, Packet, Slot } from './outcome.js'
import { answerRouterSolicitation, type CompiledRouter, compileRouter } from './ra/answer.js'
import type { AdvertisementFrames } from './ra/compile.js'

/** Everything about a NIC's IPv6 that does not depend on the packet. */
export interface CompiledIpv6 {
  readonly router: CompiledRouter | undefined
  readonly neighbours: CompiledNeighbours | undefined
  readonly dhcpv6: CompiledDhcpv6 | undefined
}

const malformedIp: Outcome = { kind: 'drop', reason: 'malformed-ip' }
const malformedIcmp: Outcome = { kind: 'drop', reason: 'malformed-icmp' }
const notServed: Outcome = { kind: 'pass', reason: 'not-served' }
const notOurs: Outcome = { kind: 'pass', reason: 'not-ours' }

/** Works out a NIC's answers as far as that goes without a packet. */
export function compileIpv6(
  service: NicService,
  device: NicDevice,
  frames?: AdvertisementFrames,
): CompiledIpv6 {
  return {
    router: compileRouter(service, device, frames),
    neighbours: compileNeighbours(service, device),
    dhcpv6: compileDhcpv6(service, device),
  }
}

/**
 * Answers one IPv6 packet of a NIC: a router solicitation, a neighbour solicitation or a DHCPv6 message.
 *
 * Everything else passes. Extension headers before the message are walked over; a message in a fragment is dropped
 * (RFC 6980 §5; DHCPv6 messages of clients are far below the 1280 bytes that every link carries). Never throws.
 */
export function answerIpv6(compiled: CompiledIpv6, packet: Packet, slot: Slot): Outcome {
  const payload = findIpv6Payload(packet.bytes, packet.at, packet.length)
  if (payload === undefined) return malformedIp
  // without its beginning nobody can say what it is; the beginning is dropped, so that it is never put together
  if (payload.fragment === 'later' || payload.isRouted) return notOurs
  const part = { payload, slot }
  if (payload.protocol === protocolUdp) return answerUdp(compiled, packet, part)
  if (payload.protocol !== protocolIcmpv6) return notOurs
  if (payload.length < 4) return malformedIcmp
  switch (packet.bytes[payload.at] ?? 0) {
    case icmpv6Type.routerSolicitation:
      return compiled.router ? answerRouterSolicitation(compiled.router, packet, part) : notServed
    case icmpv6Type.neighbourSolicitation:
      return compiled.neighbours
        ? answerNeighbourSolicitation(compiled.neighbours, packet, part)
        : notServed
    default:
      return notOurs
  }
}

/** What answers need besides the NIC and the packet. */
interface AnswerParts {
  readonly payload: Ipv6Payload
  readonly slot: Slot
}

function answerUdp(compiled: CompiledIpv6, packet: Packet, part: AnswerParts): Outcome {
  const { payload } = part
  if (payload.length < 8) return { kind: 'drop', reason: 'malformed-udp' }
  if (readU16(packet.bytes, payload.at + 2) !== 547) return notOurs
  if (compiled.dhcpv6 === undefined) return notServed
  if (payload.fragment !== 'none') return dropped.fragment
  return answerDhcpv6(compiled.dhcpv6, packet, part)
}
