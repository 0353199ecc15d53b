import { ipv4Bytes } from '#addr/ipv4.js'
import type { BootRule } from '#binding/service.js'
import { assertNever } from '#result.js'
import { dhcpMessageType, dhcpOption } from '#wire/dhcpv4/codes.js'
import type { Dhcpv4Option } from '#wire/dhcpv4/option-list.js'
import type { Dhcpv4Request } from '#wire/dhcpv4/request.js'
import { bootClientOf, httpVendorClass } from './boot.js'
import type { CompiledDhcpv4 } from './compile.js'
import type { ReplyDecision } from './decide.js'
import { fqdnAnswer } from './fqdn.js'
import { optionValue, textBytes } from './option-values.js'
import { parameterCodes } from './parameter-codes.js'

/** What is answered: the decision, and the boot rule that fits the client. */
export interface ReplyPlan {
  readonly decision: ReplyDecision
  readonly boot: BootRule | undefined
}

/**
 * The options of an answer, the most needed first, for what does not fit is left out (RFC 2131 §4.3.1, table 3):
 * message type, server and times; what is sent back as it came; then parameters, in the client's order.
 */
export function replyOptions(
  compiled: CompiledDhcpv4,
  request: Dhcpv4Request,
  { decision, boot }: ReplyPlan,
): readonly Dhcpv4Option[] {
  switch (decision.what) {
    case 'bootp-reply':
      return valuesOf(compiled, parameterCodes(compiled, request, boot), boot)
    case 'nak':
      return [
        ...messageHead(compiled, nak),
        { code: dhcpOption.message, value: textBytes(nakText) },
        ...echoes(request),
      ]
    case 'offer':
    case 'ack':
    case 'inform-ack':
      return [
        ...messageHead(compiled, decision.what === 'offer' ? offer : ack),
        ...(decision.what === 'inform-ack' ? [] : valuesOf(compiled, leaseTimes, boot)),
        ...echoes(request),
        ...rapidCommit(decision),
        ...vendorClass(compiled, request, boot),
        ...valuesOf(compiled, parameterCodes(compiled, request, boot), boot),
        ...optional(dhcpOption.clientFqdn, fqdnAnswer(compiled, request)),
      ]
    default:
      return assertNever(decision.what)
  }
}

const { offer, ack, nak } = dhcpMessageType

/** For a client that shows the reason to its user (RFC 2132 §9.9). */
const nakText = 'not the address of this interface'

const leaseTimes = [dhcpOption.leaseTime, dhcpOption.renewalTime, dhcpOption.rebindingTime]

function messageHead({ network }: CompiledDhcpv4, type: number): readonly Dhcpv4Option[] {
  return [
    { code: dhcpOption.messageType, value: Uint8Array.of(type) },
    { code: dhcpOption.serverIdentifier, value: ipv4Bytes(network.told.serverId) },
  ]
}

/** What goes back as it came: the client identifier (RFC 6842 §3) and the relay's information (RFC 3046 §2.2). */
function echoes({
  source,
  clientIdAt,
  clientIdLength,
  relayInfoAt,
  relayInfoLength,
}: Dhcpv4Request): readonly Dhcpv4Option[] {
  const clientId = source.slice(clientIdAt, clientIdAt + clientIdLength)
  const relayInfo = source.slice(relayInfoAt, relayInfoAt + relayInfoLength)
  return [
    ...(clientIdLength === 0 ? [] : [{ code: dhcpOption.clientIdentifier, value: clientId }]),
    ...(relayInfoLength === 0
      ? []
      : [{ code: dhcpOption.relayAgentInformation, value: relayInfo }]),
  ]
}

/** RFC 4039 §3.1. */
function rapidCommit({ isRapid }: ReplyDecision): readonly Dhcpv4Option[] {
  return isRapid ? [{ code: dhcpOption.rapidCommit, value: new Uint8Array(0) }] : []
}

/**
 * UEFI's HTTP boot takes only answers that carry its class (UEFI §24.7.3.2). PXE does without: with it a client would
 * look for a boot server's menu in option 43, without it takes `siaddr` and `file` as they are (PXE 2.1 §2.2.3).
 */
function vendorClass(
  { network }: CompiledDhcpv4,
  request: Dhcpv4Request,
  boot: BootRule | undefined,
): readonly Dhcpv4Option[] {
  const isRaw = network.told.rawOptions.some(({ code }) => code === dhcpOption.vendorClass)
  if (boot === undefined || isRaw || bootClientOf(request) !== 'http') return []
  return [{ code: dhcpOption.vendorClass, value: textBytes(httpVendorClass) }]
}

function valuesOf(
  compiled: CompiledDhcpv4,
  codes: readonly number[],
  boot: BootRule | undefined,
): readonly Dhcpv4Option[] {
  return codes.flatMap((code) => optional(code, optionValue(compiled, code, boot)))
}

function optional(code: number, value: Uint8Array | undefined): readonly Dhcpv4Option[] {
  return value === undefined ? [] : [{ code, value }]
}
