import type { DropReason } from '#responder/outcome.js'
import { areBytesEqual } from '#wire/bytes.js'
import { duidBytes } from '#wire/dhcpv6/duid.js'
import { dhcpv6Type } from '#wire/dhcpv6/option-code.js'
import type { Dhcpv6Request } from '#wire/dhcpv6/request.js'
import { type AssociationWish, bindingOf, holdsOnlyOwn } from './association.js'
import type { CompiledDhcpv6 } from './compile.js'

/** What to do about a message. */
export type Dhcpv6Decision = { readonly kind: 'drop'; readonly reason: DropReason } | Dhcpv6Answer

/** What to answer to a message. */
export interface Dhcpv6Answer {
  readonly kind: 'answer'
  /** ADVERTISE or REPLY. */
  readonly type: 2 | 7
  /** What becomes of the associations; undefined when they are not answered. */
  readonly wish: AssociationWish | undefined
  /** Status of the whole. */
  readonly status: 'success' | 'notOnLink' | undefined
  readonly isRapid: boolean
  /** Whether anything is offered: only then is the offer preferred to others. */
  readonly isPreferred: boolean
  /** Whether configuration goes with it, and whether the message asked for nothing else. */
  readonly configuration: 'none' | 'usual' | 'information'
}

const drop = {
  malformed: { kind: 'drop', reason: 'malformed-dhcp' },
  noClientId: { kind: 'drop', reason: 'no-client-id' },
  otherServer: { kind: 'drop', reason: 'other-server' },
  notRequest: { kind: 'drop', reason: 'not-a-request' },
  unknown: { kind: 'drop', reason: 'unknown-message' },
  noAddress: { kind: 'drop', reason: 'no-address' },
} as const

const plainReply = {
  kind: 'answer',
  type: dhcpv6Type.reply,
  wish: undefined,
  status: undefined,
  isRapid: false,
  isPreferred: false,
  configuration: 'usual',
} as const satisfies Dhcpv6Answer

/** Decides what is answered, after the checks of RFC 9915 §16. */
export function decideDhcpv6(
  compiled: CompiledDhcpv6,
  bytes: Uint8Array,
  request: Dhcpv6Request,
): Dhcpv6Decision {
  const { type } = request
  if (request.clientId.length > duidBytes.max) return drop.malformed
  if (type === dhcpv6Type.informationRequest) return decideInformation(compiled, bytes, request)
  const addressing = addressingOf(type)
  if (addressing === undefined) return isServers(type) ? drop.notRequest : drop.unknown
  if (request.clientId.length === 0) return drop.noClientId
  const names = request.serverId.at !== 0
  if (names !== (addressing === 'one-server')) return drop.malformed
  if (names && !isOurId(compiled, bytes, request)) return drop.otherServer
  switch (type) {
    case dhcpv6Type.solicit:
      return decideSolicit(compiled, request)
    case dhcpv6Type.request:
      return { ...plainReply, wish: 'request' }
    case dhcpv6Type.confirm: {
      const isOwn = holdsOnlyOwn(compiled, bytes, request.associations)
      if (isOwn === undefined) return drop.noAddress
      return { ...plainReply, status: isOwn ? 'success' : 'notOnLink', configuration: 'none' }
    }
    case dhcpv6Type.renew:
    case dhcpv6Type.rebind:
      return { ...plainReply, wish: 'extend' }
    default:
      return { ...plainReply, wish: 'give-back', status: 'success', configuration: 'none' }
  }
}

/** Without an identifier of the client it is answered too (RFC 9915 §18.3.6); with associations it is not (§16.12). */
function decideInformation(
  compiled: CompiledDhcpv6,
  bytes: Uint8Array,
  request: Dhcpv6Request,
): Dhcpv6Decision {
  if (request.associations.length > 0) return drop.malformed
  if (request.serverId.at !== 0 && !isOurId(compiled, bytes, request)) return drop.otherServer
  return { ...plainReply, configuration: 'information' }
}

/** What is committed at once must be something (RFC 9915 §18.3.1): else the client is told by an ADVERTISE. */
function decideSolicit(compiled: CompiledDhcpv6, request: Dhcpv6Request): Dhcpv6Decision {
  const { associations } = request
  const isPreferred = associations.some((it) => bindingOf(compiled, associations, it) !== undefined)
  const isRapid = isPreferred && request.hasRapidCommit && compiled.hasRapidCommit
  const type = isRapid ? dhcpv6Type.reply : dhcpv6Type.advertise
  return { ...plainReply, type, wish: 'assign', isRapid, isPreferred: isPreferred && !isRapid }
}

/** Whether clients send this to any server or to one that they name (RFC 9915 §16.2 to §16.9). */
function addressingOf(type: number): 'any-server' | 'one-server' | undefined {
  switch (type) {
    case dhcpv6Type.solicit:
    case dhcpv6Type.confirm:
    case dhcpv6Type.rebind:
      return 'any-server'
    case dhcpv6Type.request:
    case dhcpv6Type.renew:
    case dhcpv6Type.release:
    case dhcpv6Type.decline:
      return 'one-server'
    default:
      return undefined
  }
}

/** Whether servers and relays send this: no guest has to. */
function isServers(type: number): boolean {
  return (
    type === dhcpv6Type.advertise ||
    type === dhcpv6Type.reply ||
    type === dhcpv6Type.reconfigure ||
    type === dhcpv6Type.relayForward ||
    type === dhcpv6Type.relayReply
  )
}

/** Option 2 of ours has its code and length before the identifier. */
function isOurId(compiled: CompiledDhcpv6, bytes: Uint8Array, { serverId }: Dhcpv6Request) {
  const { at: fromAt, length } = serverId
  const { at, length: ownLength } = compiled.serverId
  if (length !== ownLength - 4) return false
  return areBytesEqual({ from: bytes, fromAt, to: compiled.bytes, toAt: at + 4, length })
}
