import { formatCidr } from '#addr/cidr.js'
import { decodeNdp, type NdpMessage } from '#wire/ndp/message.js'
import type { NdpOption } from '#wire/ndp/option.js'
import { type Description, type Fact, hexText, printableText } from './description.js'

/** The neighbour discovery message at `at` for people, or undefined when it is none or cannot be read. */
export function describeNdp(
  bytes: Uint8Array,
  at: number,
  length: number,
): Description | undefined {
  const message = decodeNdp(bytes, at, length)
  if (message === undefined) return undefined
  return {
    what: message.kind.replace('-', ' '),
    facts: [...messageFacts(message), ...message.options.map(optionFact)],
  }
}

function messageFacts(message: NdpMessage): readonly Fact[] {
  switch (message.kind) {
    case 'router-solicitation':
      return []
    case 'router-advertisement':
      return [
        ['lifetime', `${message.routerLifetimeSeconds}s`],
        ['preference', message.preference],
        ['flags', flags({ M: message.isManaged, O: message.hasOtherConfig })],
        ['hop-limit', String(message.hopLimit)],
      ]
    case 'neighbour-solicitation':
      return [['target', message.target]]
    case 'neighbour-advertisement':
      return [
        ['target', message.target],
        ['flags', flags({ R: message.isRouter, S: message.isSolicited, O: message.isOverride })],
      ]
  }
}

function optionFact(option: NdpOption): Fact {
  switch (option.kind) {
    case 'source-link-layer-address':
      return ['source', option.mac]
    case 'target-link-layer-address':
      return ['target-mac', option.mac]
    case 'prefix': {
      const marks = flags({ L: option.isOnLink, A: option.isAutonomous, R: option.isRouterAddress })
      const { validSeconds, preferredSeconds } = option
      return [
        'prefix',
        `${formatCidr(option.prefix)},${marks},${validSeconds}s/${preferredSeconds}s`,
      ]
    }
    case 'mtu':
      return ['mtu', String(option.mtu)]
    case 'route':
      return [
        'route',
        `${formatCidr(option.prefix)},${option.preference},${option.lifetimeSeconds}s`,
      ]
    case 'dns-servers':
      return ['dns', `${option.addresses.join(',')},${option.lifetimeSeconds}s`]
    case 'dns-search-list':
      return ['search', `${printableText(option.names.join(','))},${option.lifetimeSeconds}s`]
    case 'pref64':
      return ['pref64', `${formatCidr(option.prefix)},${option.lifetimeSeconds}s`]
    case 'captive-portal':
      return ['portal', printableText(option.uri)]
    case 'raw':
      return [`option-${option.type}`, hexText(option.body)]
  }
}

/** The letters whose flag is set; `-` for none. */
function flags(named: Readonly<Record<string, boolean>>): string {
  const set = Object.entries(named).flatMap(([letter, isSet]) => (isSet ? [letter] : []))
  return set.join('') || '-'
}
