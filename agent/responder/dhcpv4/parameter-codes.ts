import type { BootRule } from '#binding/service.js'
import { dhcpOption } from '#wire/dhcpv4/codes.js'
import { dhcpSize } from '#wire/dhcpv4/layout.js'
import type { Dhcpv4Request } from '#wire/dhcpv4/request.js'
import { bootClientOf } from './boot.js'
import type { CompiledDhcpv4 } from './compile.js'

/**
 * Which configuration parameters a client gets, in the order in which they are sent.
 *
 * What it asked for in its order (RFC 2132 §9.8), with two exceptions that standards demand: the mask comes before the
 * router (RFC 2132 §3.3), classless routes come before it as well, for a client that has them ignores it (RFC 3442). Then what
 * is sent unasked: an unusual MTU, raw options of the administrator, and the boot file of a boot program.
 */
export function parameterCodes(
  compiled: CompiledDhcpv4,
  request: Dhcpv4Request,
  boot: BootRule | undefined,
): readonly number[] {
  // a set: a list in pieces may name one code a thousand times (RFC 3396)
  const asked = new Set(askedCodes(request))
  const codes = new Set<number>([dhcpOption.subnetMask])
  for (const code of asked) {
    if (code === dhcpOption.router) {
      for (const routes of routeCodes) if (asked.has(routes)) codes.add(routes)
    }
    codes.add(code)
  }
  if (compiled.network.mtu !== usualMtu) codes.add(dhcpOption.interfaceMtu)
  for (const code of bootCodes(request, boot)) codes.add(code)
  for (const { code } of compiled.network.told.rawOptions) codes.add(code)
  return Array.from(codes).filter((code) => !isOfMessage(code))
}

const usualMtu = 1500

const routeCodes: readonly number[] = [dhcpOption.classlessRoutes, dhcpOption.microsoftRoutes]

/** What a client gets that asks for nothing by name. */
const usualCodes: readonly number[] = [
  dhcpOption.classlessRoutes,
  dhcpOption.router,
  dhcpOption.domainNameServer,
  dhcpOption.hostName,
  dhcpOption.domainName,
  dhcpOption.broadcastAddress,
  dhcpOption.interfaceMtu,
  dhcpOption.ntpServers,
  dhcpOption.domainSearch,
]

/** The same for BOOTP, whose answers have room for 59 bytes and whose clients are older than the rest. */
const bootpCodes: readonly number[] = usualCodes.filter(
  (code) => code !== dhcpOption.classlessRoutes && code !== dhcpOption.domainSearch,
)

function askedCodes({
  messageType,
  source,
  parameterListAt: at,
  parameterListLength: length,
}: Dhcpv4Request): readonly number[] {
  if (length > 0) return Array.from(source.subarray(at, at + length))
  return messageType === 0 ? bootpCodes : usualCodes
}

/** A boot program may not ask for what it needs; and a path may be too long for field `file`. */
function bootCodes(request: Dhcpv4Request, boot: BootRule | undefined): readonly number[] {
  if (boot === undefined) return []
  const isBootProgram = bootClientOf(request) !== 'none'
  if (isBootProgram) return [dhcpOption.tftpServerName, dhcpOption.bootfileName]
  return boot.file.length < dhcpSize.file ? [] : [dhcpOption.bootfileName]
}

/** Options that belong to the exchange itself: no client can ask for them, and no administrator can add them. */
function isOfMessage(code: number): boolean {
  switch (code) {
    case dhcpOption.pad:
    case dhcpOption.requestedAddress:
    case dhcpOption.leaseTime:
    case dhcpOption.overload:
    case dhcpOption.messageType:
    case dhcpOption.serverIdentifier:
    case dhcpOption.parameterRequestList:
    case dhcpOption.message:
    case dhcpOption.maximumMessageSize:
    case dhcpOption.renewalTime:
    case dhcpOption.rebindingTime:
    case dhcpOption.clientIdentifier:
    case dhcpOption.rapidCommit:
    case dhcpOption.clientFqdn:
    case dhcpOption.relayAgentInformation:
    case dhcpOption.end:
      return true
    default:
      return false
  }
}
