import { ipv6Bytes } from '#addr/ipv6.js'
import { assertNever } from '#result.js'
import { writeU16, writeU32 } from '#wire/bytes.js'
import { domainNameBytes, domainNamesBytes, partialNameBytes } from '#wire/domain-name.js'
import type { Dhcpv6Option } from './option.js'
import { numberBytes } from './shape.js'

/**
 * The option as it stands on the wire: code, length, value.
 * @throws RangeError for what no option can hold: a name that is none, text that is not ASCII, more than 65535 bytes
 */
export function dhcpv6OptionBytes(option: Dhcpv6Option): Uint8Array {
  const value = valueBytes(option)
  if (value.length > 0xffff) throw new RangeError(`option ${option.code} has ${value.length} bytes`)
  const bytes = new Uint8Array(4 + value.length)
  writeU16(bytes, 0, option.code)
  writeU16(bytes, 2, value.length)
  bytes.set(value, 4)
  return bytes
}

/** Options one after the other. */
export function dhcpv6OptionsBytes(options: readonly Dhcpv6Option[]): Uint8Array {
  return joined(options.map(dhcpv6OptionBytes))
}

function valueBytes(option: Dhcpv6Option): Uint8Array {
  switch (option.kind) {
    case 'bytes':
      return option.value
    case 'flag':
      return new Uint8Array(0)
    case 'number': {
      const all = u32Bytes(option.value)
      return all.slice(4 - numberBytes(option.code))
    }
    case 'numbers':
      return Uint8Array.from(option.values.flatMap((value) => [value >> 8, value & 0xff]))
    case 'addresses':
      return joined(option.addresses.map(ipv6Bytes))
    case 'names':
      return orRefused(domainNamesBytes(option.names), option.names.join(' '))
    case 'text':
      return asciiBytes(option.text)
    case 'association': {
      const fixed = [option.iaid, option.renewSeconds, option.rebindSeconds].map(u32Bytes)
      return joined([...fixed, dhcpv6OptionsBytes(option.options)])
    }
    case 'temporary-association':
      return joined([u32Bytes(option.iaid), dhcpv6OptionsBytes(option.options)])
    case 'address': {
      const lifetimes = [option.preferredSeconds, option.validSeconds].map(u32Bytes)
      return joined([ipv6Bytes(option.address), ...lifetimes, dhcpv6OptionsBytes(option.options)])
    }
    case 'prefix': {
      const lifetimes = [option.preferredSeconds, option.validSeconds].map(u32Bytes)
      const { address, prefixLength } = option.prefix
      const prefix = [Uint8Array.of(prefixLength), ipv6Bytes(address)]
      return joined([...lifetimes, ...prefix, dhcpv6OptionsBytes(option.options)])
    }
    case 'status':
      return joined([u32Bytes(option.status).slice(2), asciiBytes(option.message)])
    case 'fqdn':
      return joined([Uint8Array.of(option.flags), fqdnBytes(option)])
    default:
      return assertNever(option)
  }
}

function fqdnBytes({ name, isComplete }: { readonly name: string; readonly isComplete: boolean }) {
  if (name === '') return new Uint8Array(0)
  return orRefused(isComplete ? domainNameBytes(name) : partialNameBytes(name), name)
}

function u32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  writeU32(bytes, 0, value)
  return bytes
}

function asciiBytes(text: string): Uint8Array {
  if (/[^ -~]/.test(text)) throw new RangeError(`no ASCII text: ${text}`)
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

function orRefused(bytes: Uint8Array | undefined, name: string): Uint8Array {
  if (bytes === undefined) throw new RangeError(`no domain name: ${name}`)
  return bytes
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
