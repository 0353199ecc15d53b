import { dhcpMessageType } from '#wire/dhcpv4/codes.js'
import { broadcastFlag, dhcpClientPort, dhcpServerPort } from '#wire/dhcpv4/layout.js'
import type { Dhcpv4Request } from '#wire/dhcpv4/request.js'
import { broadcastMac } from '#wire/ethernet.js'
import { type CompiledDhcpv4, limitedBroadcast } from './compile.js'
import type { ReplyDecision } from './decide.js'

/** Where an answer goes, and the fields of its message that are not the same for each answer of a kind. */
export interface Envelope {
  /** `macNumber`: of the NIC itself, or broadcast; it leaves by the NIC's tap only. */
  readonly destinationMac: number
  /** `ipv4Number`. */
  readonly destination: number
  readonly destinationPort: number
  readonly xid: number
  readonly flags: number
  readonly ciaddr: number
  /** The NIC's address, in answers that give it. */
  readonly yiaddr: number
  readonly giaddr: number
  /** Option 53; 0 for BOOTP, which has none. */
  readonly messageType: number
}

/**
 * Addresses an answer (RFC 2131 §4.1, in its order):
 *
 * 1. giaddr set: to the relay's port 67
 * 2. a NAK: broadcast, whatever the client says of itself
 * 3. ciaddr set (and its own): to it
 * 4. the broadcast flag: broadcast
 * 5. else to the address that the client is being given, by its hardware address
 */
export function envelopeOf(
  compiled: CompiledDhcpv4,
  request: Dhcpv4Request,
  decision: ReplyDecision,
): Envelope {
  const { xid, giaddr } = request
  const isRelayed = giaddr !== 0
  const isNak = decision.what === 'nak'
  const isBroadcast = !isRelayed && isToAll(compiled, request, decision)
  // a relay is told to broadcast a NAK (RFC 2131 §4.3.2)
  const relayedNakFlag = isRelayed && isNak ? broadcastFlag : 0
  return {
    destinationMac: isBroadcast ? broadcastMac : compiled.mac,
    destination: isRelayed ? giaddr : isBroadcast ? limitedBroadcast : compiled.address,
    destinationPort: isRelayed ? dhcpServerPort : dhcpClientPort,
    xid,
    flags: (request.flags & broadcastFlag) | relayedNakFlag,
    // RFC 2131 table 3: 0 in OFFER and NAK
    ciaddr: isNak || decision.what === 'offer' ? 0 : request.ciaddr,
    yiaddr: hasNoAddress(decision) ? 0 : compiled.address,
    giaddr,
    messageType: messageTypes[decision.what],
  }
}

const messageTypes = {
  offer: dhcpMessageType.offer,
  ack: dhcpMessageType.ack,
  'inform-ack': dhcpMessageType.ack,
  nak: dhcpMessageType.nak,
  'bootp-reply': 0,
} as const

function hasNoAddress({ what, isV6Only }: ReplyDecision): boolean {
  return what === 'nak' || what === 'inform-ack' || isV6Only
}

/** Rules 2 to 5; a client that is told to do without IPv4 has no address to be reached at. */
function isToAll(
  { address }: CompiledDhcpv4,
  { ciaddr, flags }: Dhcpv4Request,
  { what, isV6Only }: ReplyDecision,
): boolean {
  if (what === 'nak' || isV6Only) return true
  return ciaddr !== address && (flags & broadcastFlag) !== 0
}
