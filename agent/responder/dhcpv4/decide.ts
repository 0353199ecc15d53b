import type { DropReason, PassReason } from '#responder/outcome.js'
import { dhcpMessageType, dhcpOption } from '#wire/dhcpv4/codes.js'
import { bootRequest, hardwareEthernet } from '#wire/dhcpv4/layout.js'
import type { Dhcpv4Request } from '#wire/dhcpv4/request.js'
import { broadcastOf, type CompiledDhcpv4, limitedBroadcast } from './compile.js'

/** An answer that is due; one object for each kind, so that two decisions are equal when they are the same. */
export interface ReplyDecision {
  readonly kind: 'reply'
  readonly what: 'offer' | 'ack' | 'nak' | 'inform-ack' | 'bootp-reply'
  /** An ACK to a DISCOVER (RFC 4039). */
  readonly isRapid: boolean
  /** The client is told to do without IPv4: no address (RFC 8925 §3.3). */
  readonly isV6Only: boolean
}

/** What becomes of a client's message. */
export type Dhcpv4Decision =
  | ReplyDecision
  | { readonly kind: 'pass'; readonly reason: PassReason }
  | { readonly kind: 'drop'; readonly reason: DropReason }

/** The packet that a message came in: `ipv4Number`s. */
export interface PacketAddresses {
  readonly source: number
  readonly destination: number
}

const offer = reply('offer')
const v6OnlyOffer: ReplyDecision = { ...offer, isV6Only: true }
const ack = reply('ack')
const rapidAck: ReplyDecision = { ...ack, isRapid: true }
const nak = reply('nak')
const informAck = reply('inform-ack')
const bootpReply = reply('bootp-reply')
const notOurs: Dhcpv4Decision = { kind: 'pass', reason: 'not-ours' }
const notARequest = drop('not-a-request')
const foreignChaddr = drop('foreign-chaddr')
const wrongSource = drop('wrong-source-address')
const otherServer = drop('other-server')
const noAddress = drop('no-address')
const unknownMessage = drop('unknown-message')
const decline = drop('decline')
const release = drop('release')

/**
 * Decides what a client's message gets. Which NIC it came from is settled already, so the client's own words about who
 * it is never choose an answer: false ones only mean that there is none.
 */
export function decideDhcpv4(
  compiled: CompiledDhcpv4,
  request: Dhcpv4Request,
  addresses: PacketAddresses,
): Dhcpv4Decision {
  // before all else: a guest may be a DHCP server or a relay for networks beyond the host
  if (!isForUs(compiled, request, addresses.destination)) return notOurs
  if (request.op !== bootRequest) return notARequest
  if (!isOwnHardware(compiled, request)) return foreignChaddr
  if (!isOwnSource(compiled, request, addresses.source)) return wrongSource
  switch (request.messageType) {
    case 0:
      return bootpReply
    case dhcpMessageType.discover:
      return decideDiscover(compiled, request)
    case dhcpMessageType.request:
      return decideRequest(compiled, request)
    case dhcpMessageType.inform:
      return isInformed(compiled, request) ? informAck : wrongSource
    case dhcpMessageType.decline:
      return decline
    case dhcpMessageType.release:
      return release
    default:
      return unknownMessage
  }
}

/**
 * Broadcast, or unicast to us. A client that renews an address which is the NIC's own is answered whoever gave it the
 * lease before us; all else that goes to another server goes there.
 */
function isForUs(compiled: CompiledDhcpv4, request: Dhcpv4Request, destination: number): boolean {
  if (isServerAddress(compiled, destination)) return true
  return request.giaddr === 0 && request.ciaddr === compiled.address
}

/** Whether all servers of the network are meant, or we are. */
export function isServerAddress(compiled: CompiledDhcpv4, destination: number): boolean {
  return (
    destination === limitedBroadcast ||
    destination === compiled.network.serverId ||
    destination === broadcastOf(compiled)
  )
}

function isOwnHardware({ mac }: CompiledDhcpv4, { htype, hlen, chaddr }: Dhcpv4Request): boolean {
  return htype === hardwareEthernet && hlen === 6 && chaddr === mac
}

/**
 * Whether the packet's source is one that this client may write: none yet, its own, the one that it believes to be its
 * own and says so (to be told that it is not), its relay's, or a link-local one (Windows without a lease).
 */
function isOwnSource(compiled: CompiledDhcpv4, request: Dhcpv4Request, source: number): boolean {
  if (source === 0 || source === compiled.address) return true
  if (source >>> 16 === 0xa9fe) return true
  return source === request.ciaddr || source === request.giaddr
}

/** RFC 2131 §4.3.1. */
function decideDiscover({ network }: CompiledDhcpv4, request: Dhcpv4Request): Dhcpv4Decision {
  const { told } = network
  if (told.v6OnlyWaitSeconds !== undefined && isRequested(request, dhcpOption.v6OnlyPreferred)) {
    return v6OnlyOffer
  }
  return told.hasRapidCommit && request.hasRapidCommit ? rapidAck : offer
}

/**
 * RFC 2131 §4.3.2. The four states differ in where the client names the address that it wants: in option 50 when
 * SELECTING (then with a server identifier) and in INIT-REBOOT, in ciaddr when RENEWING and REBINDING. We know the only
 * address that the NIC may have, so any other is refused, where a server with leases would have to stay silent.
 */
function decideRequest(compiled: CompiledDhcpv4, request: Dhcpv4Request): Dhcpv4Decision {
  const { serverIdentifier, requestedAddress, ciaddr } = request
  if (serverIdentifier !== 0 && serverIdentifier !== compiled.network.serverId) return otherServer
  if (requestedAddress === 0 && ciaddr === 0) return noAddress
  const isRight =
    (requestedAddress === 0 || requestedAddress === compiled.address) &&
    (ciaddr === 0 || ciaddr === compiled.address)
  return isRight ? ack : nak
}

/** RFC 2131 §4.3.5: the client has its address; one that is not this NIC's is told nothing. */
function isInformed({ address }: CompiledDhcpv4, { ciaddr }: Dhcpv4Request): boolean {
  return ciaddr === 0 || ciaddr === address
}

/** Whether the client asked for an option (55). */
function isRequested(request: Dhcpv4Request, code: number): boolean {
  const { source, parameterListAt, parameterListLength } = request
  for (let index = 0; index < parameterListLength; index++) {
    if (source[parameterListAt + index] === code) return true
  }
  return false
}

function reply(what: ReplyDecision['what']): ReplyDecision {
  return { kind: 'reply', what, isRapid: false, isV6Only: false }
}

function drop(reason: DropReason): Dhcpv4Decision {
  return { kind: 'drop', reason }
}
