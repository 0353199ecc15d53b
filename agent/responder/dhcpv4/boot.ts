import { ipv4Number, parseIpv4 } from '#addr/ipv4.js'
import type { BootRule } from '#binding/service.js'
import type { Dhcpv4Request } from '#wire/dhcpv4/request.js'

/** What kind of boot program asks, by its vendor class (option 60; RFC 4578, UEFI §24.7.3). */
export type BootClient = 'none' | 'pxe' | 'http'

/** The vendor class of UEFI's HTTP boot, sent back to it so that it takes the answer for its own. */
export const httpVendorClass = 'HTTPClient'

/** What kind of boot program sent this. */
export function bootClientOf({
  source,
  vendorClassAt,
  vendorClassLength,
}: Dhcpv4Request): BootClient {
  const stretch = { source, at: vendorClassAt, length: vendorClassLength }
  if (startsWith(stretch, httpVendorClass)) return 'http'
  return startsWith(stretch, 'PXEClient') ? 'pxe' : 'none'
}

/**
 * The first rule that fits the client.
 *
 * An HTTP boot client can only use an URL; a PXE one cannot, unless it is iPXE, which says so in its user class: rules for
 * the one are passed over for the other.
 */
export function bootRuleFor(
  rules: readonly BootRule[],
  request: Dhcpv4Request,
): BootRule | undefined {
  if (rules.length === 0) return undefined
  const client = bootClientOf(request)
  return rules.find((rule) => isFit(rule, request) && canUse(rule, client))
}

/** The address that field siaddr names; 0 when the rule names none. */
export function bootServerNumber({ server }: BootRule): number {
  const address = server === undefined ? undefined : parseIpv4(server)
  return address === undefined ? 0 : ipv4Number(address)
}

function isFit({ architectures, userClass }: BootRule, request: Dhcpv4Request): boolean {
  const { source, userClassAt: at, userClassLength: length } = request
  return (
    (architectures.length === 0 || architectures.includes(request.clientArchitecture)) &&
    (userClass === undefined || contains({ source, at, length }, userClass))
  )
}

function canUse({ file, userClass }: BootRule, client: BootClient): boolean {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(file)
  if (client === 'http') return isUrl
  return client === 'none' || !isUrl || userClass !== undefined
}

/** A client's words, where they stand. */
interface Stretch {
  readonly source: Uint8Array
  readonly at: number
  readonly length: number
}

function startsWith({ source, at, length }: Stretch, text: string): boolean {
  if (length < text.length) return false
  for (let index = 0; index < text.length; index++) {
    if (source[at + index] !== text.charCodeAt(index)) return false
  }
  return true
}

/** RFC 3004 has a length before each class and iPXE has not, so the text counts wherever it stands. */
function contains({ source, at, length }: Stretch, text: string): boolean {
  for (let skip = 0; skip + text.length <= length; skip++) {
    if (startsWith({ source, at: at + skip, length: length - skip }, text)) return true
  }
  return false
}
