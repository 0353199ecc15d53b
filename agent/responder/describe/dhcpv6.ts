import { formatCidr } from '#addr/cidr.js'
import { assertNever } from '#result.js'
import { decodeDhcpv6 } from '#wire/dhcpv6/message.js'
import type { Dhcpv6Option } from '#wire/dhcpv6/option.js'
import { dhcpv6Option, dhcpv6Status, dhcpv6Type } from '#wire/dhcpv6/option-code.js'
import { type Description, type Fact, hexText, printableText } from './description.js'

const typeNames = namesByNumber(dhcpv6Type)
const optionNames = namesByNumber(dhcpv6Option)
const statusNames = namesByNumber(dhcpv6Status)

/** The DHCPv6 message at `at` for people, or undefined when it cannot be read. */
export function describeDhcpv6(
  bytes: Uint8Array,
  at: number,
  length: number,
): Description | undefined {
  const message = decodeDhcpv6(bytes, at, length)
  if (message === undefined) return undefined
  return {
    what: `DHCPv6 ${typeNames.get(message.type) ?? `message of type ${message.type}`}`,
    facts: [
      ['xid', message.transactionId.toString(16).padStart(6, '0')],
      ...message.options.flatMap(optionFacts),
    ],
  }
}

function optionFacts(option: Dhcpv6Option): readonly Fact[] {
  const name = optionNames.get(option.code) ?? `option-${option.code}`
  switch (option.kind) {
    case 'bytes':
      return [[name, hexText(option.value)]]
    case 'flag':
      return [[name, 'yes']]
    case 'number':
      return [[name, String(option.value)]]
    case 'numbers':
      return [[name, option.values.join(',')]]
    case 'addresses':
      return [[name, option.addresses.join(',')]]
    case 'names':
      return [[name, printableText(option.names.join(','))]]
    case 'text':
      return [[name, printableText(option.text)]]
    case 'association': {
      const times = `${option.iaid.toString(16)},${option.renewSeconds}s/${option.rebindSeconds}s`
      return [[name, times], ...option.options.flatMap(optionFacts)]
    }
    case 'temporary-association':
      return [[name, option.iaid.toString(16)], ...option.options.flatMap(optionFacts)]
    case 'address': {
      const times = `${option.validSeconds}s/${option.preferredSeconds}s`
      return [['address', `${option.address},${times}`], ...option.options.flatMap(optionFacts)]
    }
    case 'prefix': {
      const times = `${option.validSeconds}s/${option.preferredSeconds}s`
      const prefix: Fact = ['prefix', `${formatCidr(option.prefix)},${times}`]
      return [prefix, ...option.options.flatMap(optionFacts)]
    }
    case 'status': {
      const status = statusNames.get(option.status) ?? String(option.status)
      return [['status', [status, printableText(option.message)].filter(Boolean).join(' ')]]
    }
    case 'fqdn':
      return [[name, printableText(option.name)]]
    default:
      return assertNever(option)
  }
}

/** `clientId` becomes `client-id`. */
function namesByNumber(numbers: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(
    Object.entries(numbers).map(([name, number]) => [
      number,
      name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    ]),
  )
}
