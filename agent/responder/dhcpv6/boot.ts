import type { BootRule } from '#binding/service.js'
import { readU16 } from '#wire/bytes.js'
import { dhcpv6OptionBytes } from '#wire/dhcpv6/encode.js'
import { dhcpv6Option } from '#wire/dhcpv6/option-code.js'
import type { Dhcpv6Request, Dhcpv6Span } from '#wire/dhcpv6/request.js'

/** A rule in the form that requests are compared with. */
export interface BootChoice {
  readonly architectures: readonly number[]
  readonly userClass: Uint8Array | undefined
  /** The whole option 59 (RFC 5970 §3.1). */
  readonly option: Uint8Array
  readonly isHttp: boolean
}

/** What UEFI firmware calls itself, and expects to be called, when it boots by HTTP (UEFI 2.10 §24.7). */
const httpClient = Uint8Array.from('HTTPClient', (char) => char.charCodeAt(0))

/** The rules that name something an URL can be made of. */
export function bootChoices(rules: readonly BootRule[]): readonly BootChoice[] {
  return rules.flatMap((rule) => {
    const text = bootUrl(rule)
    if (text === undefined) return []
    const { architectures, userClass } = rule
    return {
      architectures,
      userClass: userClass === undefined ? undefined : asciiBytes(userClass),
      option: dhcpv6OptionBytes({ kind: 'text', code: dhcpv6Option.bootFileUrl, text }),
      isHttp: /^https?:/i.test(text),
    }
  })
}

/** The first rule that fits the client. */
export function chooseBoot(
  choices: readonly BootChoice[],
  bytes: Uint8Array,
  { architectures, userClass }: Dhcpv6Request,
): BootChoice | undefined {
  return choices.find(
    (choice) =>
      (choice.architectures.length === 0 ||
        hasArchitecture(choice.architectures, bytes, architectures)) &&
      (choice.userClass === undefined || contains(bytes, userClass, choice.userClass)),
  )
}

/** Whether the vendor class (option 16) says that firmware wants to boot by HTTP. */
export function isHttpClient(bytes: Uint8Array, vendorClass: Dhcpv6Span): boolean {
  return vendorClass.length > 6 && contains(bytes, vendorClass, httpClient)
}

/** Option 16 with the client's own enterprise number and `HTTPClient`. */
export function httpVendorClass(enterprise: number): Uint8Array {
  const value = Uint8Array.of(
    ...[24, 16, 8, 0].map((shift) => (enterprise >>> shift) & 0xff),
    0,
    httpClient.length,
    ...httpClient,
  )
  return dhcpv6OptionBytes({ kind: 'bytes', code: dhcpv6Option.vendorClass, value })
}

/** A path needs a server to be an URL; a server that is an address stands in brackets (RFC 3986 §3.2.2). */
function bootUrl({ server, file }: BootRule): string | undefined {
  if (/[^!-~]/.test(file)) return undefined
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(file)) return file
  if (server === undefined || /[^!-~]/.test(server)) return undefined
  const host = server.includes(':') ? `[${server}]` : server
  return `tftp://${host}/${file.replace(/^\/+/, '')}`
}

function hasArchitecture(wanted: readonly number[], bytes: Uint8Array, span: Dhcpv6Span): boolean {
  for (let at = span.at; at + 2 <= span.at + span.length; at += 2)
    if (wanted.includes(readU16(bytes, at))) return true
  return false
}

function contains(bytes: Uint8Array, { at, length }: Dhcpv6Span, part: Uint8Array): boolean {
  for (let from = at; from + part.length <= at + length; from++)
    if (part.every((byte, index) => bytes[from + index] === byte)) return true
  return false
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff)
}
