import { maskNumber4 } from '#addr/cidr.js'
import { type Ipv4, ipv4Number, ipv4OfNumber, parseIpv4 } from '#addr/ipv4.js'
import type { BootRule } from '#binding/service.js'
import { writeU16, writeU32 } from '#wire/bytes.js'
import { dhcpOption } from '#wire/dhcpv4/codes.js'
import { compressedNamesBytes } from '#wire/domain-name.js'
import { broadcastOf, type CompiledDhcpv4 } from './compile.js'
import { encodeRoutes } from './routes.js'

/**
 * The value of an option that does not depend on what the client sent: the raw one that the administrator gave, else ours.
 * Option 60 and those of single messages are not among them.
 * @param boot the rule that fits the client
 * @returns undefined when there is nothing to say; never an empty value, which these options do not allow (RFC 2132)
 */
export function optionValue(
  compiled: CompiledDhcpv4,
  code: number,
  boot: BootRule | undefined,
): Uint8Array | undefined {
  const raw = compiled.network.told.rawOptions.find((option) => option.code === code)
  const value = raw?.value ?? ownValue(compiled, code, boot)
  return value === undefined || value.length === 0 ? undefined : value
}

/** The bytes of a text; a character is one byte, as every option here wants ASCII. */
export function textBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}

function ownValue(
  compiled: CompiledDhcpv4,
  code: number,
  boot: BootRule | undefined,
): Uint8Array | undefined {
  const { told, mtu } = compiled.network
  switch (code) {
    case dhcpOption.subnetMask:
      return u32(maskNumber4(told.prefixLength))
    case dhcpOption.router:
      return told.router && addresses([told.router])
    case dhcpOption.domainNameServer:
      return addresses(told.nameservers)
    case dhcpOption.hostName:
      return textOrNone(compiled.hostname)
    case dhcpOption.domainName:
      return textOrNone(told.domain)
    case dhcpOption.interfaceMtu:
      return u16(mtu)
    case dhcpOption.broadcastAddress:
      // a /31 or /32 has none (RFC 3021)
      return told.prefixLength > 30 ? undefined : u32(broadcastOf(compiled))
    case dhcpOption.ntpServers:
      return addresses(told.ntpServers)
    case dhcpOption.leaseTime:
      return u32(told.leaseSeconds)
    case dhcpOption.renewalTime:
      return timer(told.leaseSeconds, told.renewSeconds)
    case dhcpOption.rebindingTime:
      return timer(told.leaseSeconds, told.rebindSeconds)
    case dhcpOption.tftpServerName:
      return textOrNone(boot?.server)
    case dhcpOption.bootfileName:
      return textOrNone(boot?.file)
    case dhcpOption.v6OnlyPreferred:
      return told.v6OnlyWaitSeconds === undefined ? undefined : u32(told.v6OnlyWaitSeconds)
    case dhcpOption.captivePortal:
      return textOrNone(told.captivePortal)
    case dhcpOption.domainSearch:
      return compressedNamesBytes(told.searchList)
    case dhcpOption.classlessRoutes:
    case dhcpOption.microsoftRoutes:
      return encodeRoutes(told, ipv4OfNumber(compiled.address))
    case dhcpOption.tftpServerAddress: {
      const server = boot?.server === undefined ? undefined : parseIpv4(boot.server)
      return server && addresses([server])
    }
    default:
      return undefined
  }
}

/** A lease without end has no times to renew it (RFC 2131 §3.3). */
function timer(leaseSeconds: number, seconds: number): Uint8Array | undefined {
  return leaseSeconds === 0xffff_ffff ? undefined : u32(seconds)
}

function addresses(list: readonly Ipv4[]): Uint8Array {
  const bytes = new Uint8Array(list.length * 4)
  for (const [index, address] of list.entries()) writeU32(bytes, index * 4, ipv4Number(address))
  return bytes
}

function textOrNone(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : textBytes(text)
}

function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2)
  writeU16(bytes, 0, value)
  return bytes
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  writeU32(bytes, 0, value)
  return bytes
}
