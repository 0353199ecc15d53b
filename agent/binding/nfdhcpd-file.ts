import { parseCidr4, parseCidr6 } from '#addr/cidr.js'
import { type IfName, parseIfName } from '#addr/if-name.js'
import { parseIpv4 } from '#addr/ipv4.js'
import { parseIpv6 } from '#addr/ipv6.js'
import { isGroupMac, parseMac } from '#addr/mac.js'
import { err, ok, type Result } from '#result.js'
import type { Binding, BindingProblem } from './binding.js'
import { settingNamed } from './setting-fields.js'
import { domainName } from './setting-text.js'
import { addSettings, type NicSettings } from './settings.js'

/** Keys whose values are settings of ours: those of nfdhcpd, and of its fork by davedoesdev. */
const settingOfKey: Readonly<Record<string, string>> = {
  MTU: 'mtu',
  NAMESERVERS: 'nameservers',
  NAMESERVERS6: 'nameservers',
  DOMAIN: 'domain',
  DOMAIN_SEARCH: 'search',
}

/**
 * Reads a `KEY=value` file of nfdhcpd: no quoting, empty values are unset, unknown keys are ignored, the last of a key
 * counts, and a value ends at a second `=`. More is taken than nfdhcpd did: upper-case hardware addresses, CRLF, spaces
 * around values.
 * @param tap the file's name
 */
export function parseNfdhcpdBinding(
  text: string,
  tap: IfName,
): Result<Binding, readonly BindingProblem[]> {
  const values = readValues(text)
  const problems: BindingProblem[] = []

  function get<T>(
    key: string,
    parse: (text: string) => T | undefined,
    what: string,
  ): T | undefined {
    const value = values.get(key)
    if (value === undefined) return undefined
    const parsed = parse(value)
    if (parsed === undefined) problems.push({ key, message: `wants ${what}` })
    return parsed
  }

  const mac = get('MAC', parseMac, 'a hardware address')
  const hostname = get('HOSTNAME', parseHostname, 'a host’s name')
  if (!values.has('MAC')) problems.push({ key: 'MAC', message: 'is missing' })
  if (!values.has('HOSTNAME')) problems.push({ key: 'HOSTNAME', message: 'is missing' })
  if (mac !== undefined && isGroupMac(mac)) {
    problems.push({ key: 'MAC', message: 'is a group address' })
  }
  const device = get('INDEV', parseIfName, 'an interface name') ?? tap
  const network = {
    name: undefined,
    uuid: undefined,
    tags: [],
    subnet: get('SUBNET', parseCidr4, 'an IPv4 network'),
    gateway: get('GATEWAY', parseIpv4, 'an IPv4 address'),
    subnet6: get('SUBNET6', parseCidr6, 'an IPv6 network'),
    gateway6: get('GATEWAY6', parseIpv6, 'an IPv6 address'),
  }
  const ip = get('IP', parseIpv4, 'an IPv4 address')
  const ip6 = get('IP6', parseIpv6, 'an IPv6 address')
  const settings = readSettings(values, problems)
  if (mac === undefined || hostname === undefined || problems.length > 0) return err(problems)
  return ok({
    source: 'nfdhcpd',
    tap,
    mac,
    instance: hostname,
    nic: tap,
    mode: device === tap ? 'routed' : 'bridged',
    sourceDevice: device,
    network,
    ip,
    ip6,
    hostname,
    delegatedPrefix: undefined,
    settings,
  })
}

function readSettings(
  values: ReadonlyMap<string, string>,
  problems: BindingProblem[],
): NicSettings {
  let settings: NicSettings = {}
  if (values.has('PRIVATE')) settings = { ...settings, hasDefaultRoute: false }
  if (values.has('MACSPOOF')) settings = { ...settings, checksSource: false }
  for (const [key, name] of Object.entries(settingOfKey)) {
    const value = values.get(key)
    const parsed = value === undefined ? undefined : settingNamed(name)?.parse(value)
    if (parsed?.ok) settings = addSettings(settings, parsed.value)
    else if (parsed !== undefined) problems.push({ key, message: parsed.problem })
  }
  return settings
}

function readValues(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, key, value = ''] = /^([A-Z0-9_]+)=([^=]*)/.exec(line) ?? []
    if (key === undefined) continue
    if (value.trim() === '') values.delete(key)
    else values.set(key, value.trim())
  }
  return values
}

function parseHostname(text: string): string | undefined {
  const name = domainName(text)
  return name.ok ? name.value : undefined
}
