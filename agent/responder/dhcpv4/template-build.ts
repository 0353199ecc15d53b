import { areBytesEqual, copyBytes, writeU16, writeU32, writeU48 } from '#wire/bytes.js'
import { sumPseudoHeader4, sumWords } from '#wire/checksum.js'
import { dhcpOption } from '#wire/dhcpv4/codes.js'
import { dhcpFieldAt } from '#wire/dhcpv4/layout.js'
import type { Dhcpv4Request } from '#wire/dhcpv4/request.js'
import { ipv4FieldAt, ipv4HeaderBytes } from '#wire/ipv4.js'
import { protocolUdp, udpChecksumAt } from '#wire/udp.js'
import { bootClientOf } from './boot.js'
import type { CompiledDhcpv4 } from './compile.js'
import { replyAt } from './compose.js'
import { fqdnFlags, fqdnHeadBytes, isCanonical } from './fqdn.js'
import { textBytes } from './option-values.js'
import type { ReplyPlan } from './reply-options.js'
import { messageTypeAt, type OwnPlaces, type ReplyTemplate, udpPortAt } from './template.js'

/**
 * The template that an answer gives.
 * @param frame the answer, as `writeReply` wrote it
 * @returns undefined when what the client sent does not stand in it as it came: it was left out or split
 */
export function buildTemplate(
  compiled: CompiledDhcpv4,
  request: Dhcpv4Request,
  { plan: { decision, boot }, frame }: { readonly plan: ReplyPlan; readonly frame: Uint8Array },
): ReplyTemplate | undefined {
  const { parameterListAt, parameterListLength, clientIdLength, relayInfoLength } = request
  const own = ownPlaces(frame, compiled, request)
  const isWhole =
    (clientIdLength === 0 || own.clientIdAt !== 0) &&
    (relayInfoLength === 0 || own.relayInfoAt !== 0)
  if (!isWhole) return undefined
  const frameLength = frame.length
  const bytes = new Uint8Array(frameLength + parameterListLength)
  bytes.set(frame)
  blank(bytes, own, { hostnameLength: compiled.hostname.length, clientIdLength, relayInfoLength })
  if (decision.what !== 'bootp-reply') bytes[replyAt.message + messageTypeAt] = 0
  const length = frameLength - replyAt.udp
  const source = compiled.network.serverId
  const pseudoSum = sumPseudoHeader4({ source, destination: 0, protocol: protocolUdp, length })
  copyBytes({
    from: request.source,
    fromAt: parameterListAt,
    to: bytes,
    toAt: frameLength,
    length: parameterListLength,
  })
  return {
    decision,
    boot,
    bootClient: bootClientOf(request),
    maximumMessageSize: request.maximumMessageSize,
    fqdnFlags: fqdnFlags(request),
    hostnameLength: compiled.hostname.length,
    parameterListLength,
    clientIdLength,
    relayInfoLength,
    frameLength,
    bytes,
    own,
    ipSum: sumWords(bytes, replyAt.ip, ipv4HeaderBytes, 0),
    udpSum: sumWords(bytes, replyAt.udp, length, pseudoSum),
  }
}

/** Finds the NIC's and the client's own words among the options of an answer. */
function ownPlaces(
  frame: Uint8Array,
  { hostname }: CompiledDhcpv4,
  request: Dhcpv4Request,
): OwnPlaces {
  const name = textBytes(hostname)
  const { source, clientIdLength, relayInfoLength } = request
  const clientId = source.subarray(request.clientIdAt, request.clientIdAt + clientIdLength)
  const relayInfo = source.subarray(request.relayInfoAt, request.relayInfoAt + relayInfoLength)
  const places = { hostnameAt: 0, fqdnAt: 0, clientIdAt: 0, relayInfoAt: 0 }
  for (let at = replyAt.message + dhcpFieldAt.options; at + 1 < frame.length; ) {
    const code = frame[at] ?? dhcpOption.end
    if (code === dhcpOption.end) break
    const length = frame[at + 1] ?? 0
    const valueAt = at + 2
    const isWhole = (wanted: Uint8Array) =>
      length === wanted.length && stands(wanted, frame, valueAt)
    if (code === dhcpOption.hostName && isWhole(name)) places.hostnameAt = valueAt
    if (code === dhcpOption.clientIdentifier && isWhole(clientId)) places.clientIdAt = valueAt
    if (code === dhcpOption.relayAgentInformation && isWhole(relayInfo))
      places.relayInfoAt = valueAt
    if (code === dhcpOption.clientFqdn) {
      // in the DNS' encoding a length stands before the label
      const nameAt = valueAt + fqdnHeadBytes + (fqdnFlags(request) & isCanonical ? 1 : 0)
      if (stands(name, frame, nameAt)) places.fqdnAt = nameAt
    }
    at = valueAt + length
  }
  return places
}

function stands(from: Uint8Array, to: Uint8Array, toAt: number): boolean {
  const { length } = from
  return length > 0 && areBytesEqual({ from, fromAt: 0, to, toAt, length })
}

/** Sets to 0 what is written anew for each answer. */
function blank(
  bytes: Uint8Array,
  own: OwnPlaces,
  lengths: Pick<ReplyTemplate, 'hostnameLength' | 'clientIdLength' | 'relayInfoLength'>,
): void {
  const { ip, udp, message } = replyAt
  bytes.fill(0, 0, 12)
  writeU32(bytes, ip + ipv4FieldAt.destination, 0)
  writeU16(bytes, ip + ipv4FieldAt.checksum, 0)
  writeU16(bytes, udp + udpPortAt, 0)
  writeU16(bytes, udp + udpChecksumAt, 0)
  writeU32(bytes, message + dhcpFieldAt.xid, 0)
  writeU16(bytes, message + dhcpFieldAt.flags, 0)
  for (const field of ['ciaddr', 'yiaddr', 'giaddr'] as const)
    writeU32(bytes, message + dhcpFieldAt[field], 0)
  writeU48(bytes, message + dhcpFieldAt.chaddr, 0)
  bytes.fill(0, own.hostnameAt, own.hostnameAt && own.hostnameAt + lengths.hostnameLength)
  bytes.fill(0, own.fqdnAt, own.fqdnAt && own.fqdnAt + lengths.hostnameLength)
  bytes.fill(0, own.clientIdAt, own.clientIdAt && own.clientIdAt + lengths.clientIdLength)
  bytes.fill(0, own.relayInfoAt, own.relayInfoAt && own.relayInfoAt + lengths.relayInfoLength)
}
