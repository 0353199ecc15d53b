import { type CompiledNic, dhcpv4Of, ipv6Of } from './compiled-nic.js'
import { answerIpv4 } from './dhcpv4/answer.js'
import { answerIpv6 } from './ipv6.js'
import type { Outcome, Packet, Slot } from './outcome.js'

const noIp: Outcome = { kind: 'drop', reason: 'malformed-ip' }

/**
 * Answers one packet of a NIC: DHCPv4, a router or neighbour solicitation, or DHCPv6.
 *
 * That the packet is the NIC's was settled before, by where it came in and by its Ethernet source. The answer is written
 * into the slot as a whole Ethernet frame for the NIC's tap. Never throws.
 */
export function respond(nic: CompiledNic, packet: Packet, slot: Slot): Outcome {
  switch (packet.length > 0 ? (packet.bytes[packet.at] ?? 0) >> 4 : 0) {
    case 4:
      return answerIpv4(dhcpv4Of(nic), packet, slot)
    case 6:
      return answerIpv6(ipv6Of(nic), packet, slot)
    default:
      return noIp
  }
}
