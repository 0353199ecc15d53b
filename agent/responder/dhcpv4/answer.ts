import type { Outcome, Packet, Slot } from '#responder/outcome.js'
import { readU16, readU32 } from '#wire/bytes.js'
import { sumPseudoHeader4 } from '#wire/checksum.js'
import { dhcpServerPort } from '#wire/dhcpv4/layout.js'
import { type Dhcpv4Request, readDhcpv4Request } from '#wire/dhcpv4/request.js'
import { checkIpv4Header, ipv4FieldAt, ipv4FragmentMask } from '#wire/ipv4.js'
import { isUdpChecksumValid, protocolUdp, udpChecksumAt, udpHeaderBytes } from '#wire/udp.js'
import { bootRuleFor } from './boot.js'
import type { CompiledDhcpv4 } from './compile.js'
import { composeReply, replyAt, writeReply } from './compose.js'
import { decideDhcpv4, isServerAddress } from './decide.js'
import type { ReplyPlan } from './reply-options.js'
import { writeTemplate } from './template.js'
import { templateFor } from './templates.js'

const notServed: Outcome = { kind: 'pass', reason: 'not-served' }
const notOurs: Outcome = { kind: 'pass', reason: 'not-ours' }
const malformedIp: Outcome = { kind: 'drop', reason: 'malformed-ip' }
const fragment: Outcome = { kind: 'drop', reason: 'fragment' }
const malformedUdp: Outcome = { kind: 'drop', reason: 'malformed-udp' }
const badChecksum: Outcome = { kind: 'drop', reason: 'bad-checksum' }
const malformedDhcp: Outcome = { kind: 'drop', reason: 'malformed-dhcp' }
const tooLarge: Outcome = { kind: 'drop', reason: 'too-large' }

/**
 * Answers one IPv4 packet of the NIC that it came from: DHCPv4 and BOOTP. Never throws.
 * @param compiled undefined where the NIC is not served
 */
export function answerIpv4(
  compiled: CompiledDhcpv4 | undefined,
  packet: Packet,
  slot: Slot,
): Outcome {
  if (compiled === undefined) return notServed
  const { bytes, at } = packet
  const headerLength = checkIpv4Header(bytes, at, packet.length)
  if (headerLength === 0) return malformedIp
  if (bytes[at + ipv4FieldAt.protocol] !== protocolUdp) return notOurs
  const destination = readU32(bytes, at + ipv4FieldAt.destination)
  const isToServers = isServerAddress(compiled, destination)
  // what goes to somebody else need not even be DHCP
  if (readU16(bytes, at + ipv4FieldAt.fragment) & ipv4FragmentMask)
    return isToServers ? fragment : notOurs
  const udp = at + headerLength
  const room = readU16(bytes, at + ipv4FieldAt.totalLength) - headerLength
  const length = readU16(bytes, udp + 4)
  if (room < udpHeaderBytes || length < udpHeaderBytes || length > room) return malformedUdp
  if (readU16(bytes, udp + 2) !== dhcpServerPort) return notOurs
  if (!isIntact(packet, udp, length)) return badChecksum
  const request = readDhcpv4Request(bytes, udp + udpHeaderBytes, udp + length)
  if (request === undefined) return isToServers ? malformedDhcp : notOurs
  const client = clientOf(compiled, request.chaddr)
  const decision = decideDhcpv4(client, request, {
    source: readU32(bytes, at + ipv4FieldAt.source),
    destination,
  })
  if (decision.kind !== 'reply') return decision
  const plan = { decision, boot: bootRuleFor(compiled.network.told.boot, request) }
  const template = client === compiled ? templateFor(client, request, plan) : undefined
  const frameLength =
    template === undefined
      ? writeAnew(client, request, plan, slot)
      : writeTemplate(template, { compiled, request, decision }, slot)
  if (frameLength === 0) return tooLarge
  return { kind: 'reply', what: decision.what, length: frameLength, verdict: 'drop' }
}

/** Writes an answer that no template stands for. @returns bytes written; 0 when the slot may be too small */
function writeAnew(
  client: CompiledDhcpv4,
  request: Dhcpv4Request,
  plan: ReplyPlan,
  { bytes, at, size }: Slot,
): number {
  const reply = composeReply(client, request, plan)
  return replyAt.message + reply.maxBytes > size ? 0 : writeReply(client, reply, bytes, at)
}

/**
 * Whom to answer: the NIC; or behind one whose source nobody checks, whoever asks (a guest within the guest). Such answers are
 * built anew each time.
 */
function clientOf(compiled: CompiledDhcpv4, chaddr: number): CompiledDhcpv4 {
  const isGroup = (Math.floor(chaddr / 0x100_0000_0000) & 1) === 1
  if (compiled.network.checksSource || chaddr === compiled.mac || isGroup) return compiled
  return { ...compiled, mac: chaddr }
}

/** Whether the checksum is right, where there is one and hardware has not still to fill it in. */
function isIntact({ bytes, at, isChecksumReady }: Packet, udp: number, length: number): boolean {
  if (!isChecksumReady || readU16(bytes, udp + udpChecksumAt) === 0) return true
  const source = readU32(bytes, at + ipv4FieldAt.source)
  const destination = readU32(bytes, at + ipv4FieldAt.destination)
  const pseudo = { source, destination, protocol: protocolUdp, length }
  return isUdpChecksumValid(bytes, udp, sumPseudoHeader4(pseudo))
}
