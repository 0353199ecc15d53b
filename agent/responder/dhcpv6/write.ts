import { readU16, readU32 } from '#wire/bytes.js'
import { dhcpv6Option } from '#wire/dhcpv6/option-code.js'
import type { Dhcpv6Request, Dhcpv6Span } from '#wire/dhcpv6/request.js'
import { bindingOf, putAssociation, putStatus } from './association.js'
import { chooseBoot, httpVendorClass, isHttpClient } from './boot.js'
import type { CompiledDhcpv6 } from './compile.js'
import { isForInformation, isToldUnasked } from './configured.js'
import type { Dhcpv6Answer } from './decide.js'
import { putBytes, putStretch, putU16, putU32, type ReplyDraft } from './reply.js'

/** What a reply answers. */
interface ReplyParts {
  /** The packet. */
  readonly bytes: Uint8Array
  readonly request: Dhcpv6Request
  readonly decision: Dhcpv6Answer
}

/** Flags N, O and S of option 39 (RFC 4704 §4.1). */
const fqdnFlag = { noUpdates: 4, override: 2, serverUpdates: 1 } as const

/** Writes the message of a reply: who, what was decided, associations, and what was asked for. */
export function writeReply(draft: ReplyDraft, compiled: CompiledDhcpv6, parts: ReplyParts): void {
  const { bytes, request, decision } = parts
  putU32(draft, decision.type * 0x100_0000 + request.transactionId)
  if (request.clientId.at !== 0) {
    putU16(draft, dhcpv6Option.clientId)
    putU16(draft, request.clientId.length)
    putStretch(draft, bytes, request.clientId)
  }
  putStretch(draft, compiled.bytes, compiled.serverId)
  if (decision.isPreferred) putBytes(draft, highestPreference)
  if (decision.isRapid) putU32(draft, dhcpv6Option.rapidCommit * 0x1_0000)
  if (decision.status !== undefined) putStatus(draft, decision.status)
  const { associations } = request
  const { wish } = decision
  if (wish !== undefined)
    for (const association of associations) {
      const binding = bindingOf(compiled, associations, association)
      putAssociation(draft, association, { bytes, binding, wish, compiled })
    }
  if (decision.configuration !== 'none') putConfiguration(draft, compiled, parts)
}

/** Option 7 with 255: the client need not wait for other servers (RFC 9915 §18.2.1). */
const highestPreference = Uint8Array.of(0, dhcpv6Option.preference, 0, 1, 255)

/** What the client asked for by option 6, in our order; without option 6 what every client needs (RFC 9915 §18.3.9). */
function putConfiguration(draft: ReplyDraft, compiled: CompiledDhcpv6, parts: ReplyParts): void {
  const { bytes, configured, fqdn } = compiled
  const end = configured.at + configured.length
  for (let at = configured.at; at < end; ) {
    const length = 4 + readU16(bytes, at + 2)
    if (isDue(readU16(bytes, at), parts)) putStretch(draft, bytes, { at, length })
    at += length
  }
  if (fqdn !== undefined && isFqdnDue(parts)) putFqdn(draft, { bytes, fqdn }, parts.request)
  if (compiled.boot.length > 0 && isAsked(parts, dhcpv6Option.bootFileUrl))
    putBoot(draft, compiled, parts)
}

function isDue(code: number, parts: ReplyParts): boolean {
  if (isForInformation(code) && parts.decision.configuration !== 'information') return false
  return parts.request.optionRequest.at === 0 ? isToldUnasked(code) : isAsked(parts, code)
}

function isAsked({ bytes, request }: ReplyParts, code: number): boolean {
  const { at, length } = request.optionRequest
  for (let next = at; next + 2 <= at + length; next += 2)
    if (readU16(bytes, next) === code) return true
  return false
}

function isFqdnDue(parts: ReplyParts): boolean {
  const { optionRequest, fqdnFlags } = parts.request
  return optionRequest.at === 0 ? fqdnFlags !== undefined : isAsked(parts, dhcpv6Option.clientFqdn)
}

/** We update no DNS (N), and say so when the client wanted us to (O) (RFC 4704 §6). */
function putFqdn(
  draft: ReplyDraft,
  { bytes, fqdn }: { readonly bytes: Uint8Array; readonly fqdn: Dhcpv6Span },
  { fqdnFlags = 0 }: Dhcpv6Request,
): void {
  const at = draft.at
  putStretch(draft, bytes, fqdn)
  if (draft.isOverfull) return
  const override = fqdnFlags & fqdnFlag.serverUpdates ? fqdnFlag.override : 0
  draft.bytes[at + 4] = fqdnFlag.noUpdates | override
}

function putBoot(draft: ReplyDraft, { boot }: CompiledDhcpv6, { bytes, request }: ReplyParts) {
  const choice = chooseBoot(boot, bytes, request)
  if (choice === undefined) return
  putBytes(draft, choice.option)
  const { vendorClass } = request
  if (choice.isHttp && isHttpClient(bytes, vendorClass))
    putBytes(draft, httpVendorClass(readU32(bytes, vendorClass.at)))
}
