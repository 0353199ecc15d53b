import { parseCidr4 } from '#addr/cidr.js'
import { type IfName, parseIfName } from '#addr/if-name.js'
import { parseIpv6 } from '#addr/ipv6.js'
import { isGroupMac, parseMac } from '#addr/mac.js'
import { err, ok, type Result } from '#result.js'
import type { Binding, BindingProblem, BoundNetwork } from './binding.js'
import {
  type JsonObject,
  jsonObject,
  needText,
  refuseOthers,
  takeNumber,
  takeObject,
  takeText,
  takeTexts,
} from './json-object.js'
import type { NicMode } from './service.js'
import { readSettings } from './setting-fields.js'
import { domainName, ipv4, network6, type Parse, wanted, word } from './setting-text.js'
import type { NicSettings } from './settings.js'

/** The version of the format that is read and written. */
export const bindingVersion = 1

/**
 * Reads a binding file of ours (docs/bindings.md). Never throws; unknown keys are problems.
 * @param text at most {@link maxBindingBytes}, which the reader of the file sees to
 */
export function parseBinding(text: string): Result<Binding, readonly BindingProblem[]> {
  const problems: BindingProblem[] = []
  const object = jsonObject(parseJson(text), '', problems)
  const binding = object && readBinding(object, problems)
  return binding !== undefined && problems.length === 0 ? ok(binding) : err(problems)
}

function readBinding(object: JsonObject, problems: BindingProblem[]): Binding | undefined {
  const version = takeNumber(object, 'version')
  if (version !== bindingVersion)
    problems.push({ key: 'version', message: `wants ${bindingVersion}` })
  const tap = needText(object, 'tap', tapName)
  const mac = needText(object, 'mac', nicMac)
  const instance = needText(object, 'instance', domainName)
  const mode = needText(object, 'mode', nicMode)
  const link = takeText(object, 'link', linkName)
  const nic = nicLabel(takeObject(object, 'nic'))
  const network = takeObject(object, 'network')
  const bound = network && readNetwork(network)
  const rest = {
    ip: takeText(object, 'ip', ipv4),
    ip6: takeText(object, 'ip6', ipv6),
    hostname: takeText(object, 'hostname', domainName),
    delegatedPrefix: takeText(object, 'delegated_prefix', network6),
    settings: settingsOf(takeObject(object, 'settings'), problems),
  }
  refuseOthers(object)
  if (tap === undefined || mac === undefined || instance === undefined || mode === undefined) {
    return undefined
  }
  const sourceDevice = deviceOf({ tap, mode, link })
  if (sourceDevice === undefined) problems.push({ key: 'link', message: 'wants an interface name' })
  return {
    source: 'okeanid',
    tap,
    mac,
    instance,
    nic: nic ?? tap,
    mode,
    sourceDevice: sourceDevice ?? tap,
    network: bound,
    ...rest,
    hostname: rest.hostname ?? instance,
  }
}

/** The NIC's name within its instance, else its number. */
function nicLabel(object: JsonObject | undefined): string | undefined {
  if (object === undefined) return undefined
  const index = takeNumber(object, 'index')
  const name = takeText(object, 'name', shortText)
  takeText(object, 'uuid', shortText)
  refuseOthers(object)
  return name ?? index?.toString()
}

function readNetwork(object: JsonObject): BoundNetwork {
  const network = {
    name: needText(object, 'name', shortText),
    uuid: takeText(object, 'uuid', shortText),
    tags: takeTexts(object, 'tags'),
    subnet: takeText(object, 'subnet', network4),
    gateway: takeText(object, 'gateway', ipv4),
    subnet6: takeText(object, 'subnet6', network6),
    gateway6: takeText(object, 'gateway6', ipv6),
  }
  refuseOthers(object)
  return network
}

function settingsOf(object: JsonObject | undefined, problems: BindingProblem[]): NicSettings {
  const note = (name: string, message: string) => {
    problems.push({ key: `settings.${name}`, message })
  }
  const texts: [string, string][] = []
  for (const [name, value] of Object.entries(object?.members ?? {})) {
    const text = settingText(value)
    if (text !== undefined) texts.push([name, text])
    else note(name, 'wants a text, a number, true, false or a list of texts')
  }
  return readSettings(texts, note)
}

/** A setting's value as the configuration would have it. */
function settingText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string')
  return isList ? value.join(', ') : undefined
}

/** The device that answers come from: what the tap is plugged into, else the tap itself. */
function deviceOf({
  tap,
  mode,
  link,
}: {
  readonly tap: IfName
  readonly mode: NicMode
  readonly link: string | undefined
}): IfName | undefined {
  return mode === 'bridged' || mode === 'openvswitch' ? parseIfName(link ?? '') : tap
}

function of<T>(parse: (text: string) => T | undefined, what: string): Parse<T> {
  return (text) => wanted(parse(text), what)
}

function parseNicMac(text: string): ReturnType<typeof parseMac> {
  const mac = parseMac(text)
  return mac === undefined || isGroupMac(mac) ? undefined : mac
}

function parseLink(text: string): string | undefined {
  return /^[\x21-\x7e]{0,128}$/.test(text) ? text : undefined
}

const tapName = of(parseIfName, 'an interface name')
const nicMac = of(parseNicMac, 'a unicast hardware address')
const nicMode = word('bridged', 'routed', 'openvswitch', 'ext')
const linkName = of(parseLink, 'a bridge, switch or routing table')
const ipv6 = of(parseIpv6, 'an IPv6 address')
const network4 = of(parseCidr4, 'an IPv4 network')

const shortText: Parse<string> = (text) =>
  wanted(
    /^[\x20-\x7e]{1,255}$/.test(text) ? text : undefined,
    'printable ASCII, 1 to 255 characters',
  )

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
