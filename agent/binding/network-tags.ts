import type { BindingProblem } from './binding.js'
import { settingNamed } from './setting-fields.js'
import { addSettings, type NicSettings } from './settings.js'

/** What a network's tags say. */
export interface NetworkTags {
  /** Whether the network is served as nfdhcpd did: tag `nfdhcpd`. */
  readonly isServed: boolean
  readonly settings: NicSettings
  readonly problems: readonly BindingProblem[]
}

/** Tags without a value. */
const flags: ReadonlyMap<string, NicSettings> = new Map<string, NicSettings>([
  ['dhcp', { dhcp: true }],
  ['ra', { ra: true }],
  ['dhcpv6', { dhcpv6: 'stateful' }],
  ['gateway', { isGateway: true }],
  ['private', { hasDefaultRoute: false }],
])

/** Tags with a value: the setting that they mean. */
const valued: ReadonlyMap<string, string> = new Map([
  ['dhcpv6', 'dhcpv6'],
  ['dns', 'nameservers'],
  ['ntp', 'ntp'],
  ['mtu', 'mtu'],
  ['lease', 'lease'],
  ['domain', 'domain'],
  ['search', 'search'],
  ['route', 'routes'],
  ['pref64', 'pref64'],
  ['when-down', 'when_down'],
  ['portal', 'captive_portal'],
  ['pd', 'delegation'],
])

/** Tags of ours that mean nothing here: they say how a NIC is set up and isolated (`nic/setup-tags.ts`). */
const foreign: readonly string[] = [
  'allow',
  'ethertype',
  'firewall',
  'guest-servers',
  'ipv4',
  'ipv6',
  'mac-filtered',
  'own-prefix',
  'proxy-on',
  'stance',
]

/**
 * Reads the tags `nfdhcpd` and `okeanid:…` of a network (docs/bindings.md). Tags of other programs are left alone; a bad
 * one is a problem and changes nothing. Tags of one name with several values add up.
 */
export function readNetworkTags(tags: readonly string[]): NetworkTags {
  const problems: BindingProblem[] = []
  const texts = new Map<string, string[]>()
  let settings: NicSettings = {}
  for (const tag of tags) {
    const [, name, value] = /^okeanid:([a-z0-9-]*)(?::(.*))?$/.exec(tag) ?? []
    if (name === undefined || foreign.includes(name)) continue
    const flag = value === undefined ? flags.get(name) : undefined
    const setting = value === undefined ? undefined : valued.get(name)
    const parsed = setting && settingNamed(setting)?.parse(settingText(name, value ?? ''))
    if (flag !== undefined) settings = addSettings(settings, flag)
    else if (setting === undefined || !parsed || value === '')
      problems.push({ key: tag, message: 'there is no such tag' })
    else if (!parsed.ok) problems.push({ key: tag, message: parsed.problem })
    else texts.set(setting, [...(texts.get(setting) ?? []), settingText(name, value ?? '')])
  }
  for (const [setting, values] of texts) {
    const text = isList(setting) ? values.join(', ') : values.at(-1)
    const parsed = settingNamed(setting)?.parse(text ?? '')
    if (parsed?.ok) settings = addSettings(settings, parsed.value)
    else problems.push({ key: setting, message: parsed?.problem ?? 'there is no such setting' })
  }
  return { isServed: tags.includes('nfdhcpd'), settings, problems }
}

function isList(setting: string): boolean {
  return ['nameservers', 'ntp', 'search', 'routes'].includes(setting)
}

/** A tag's value as the configuration would have it: tags know no spaces, and put colons in their place. */
function settingText(name: string, value: string): string {
  if (name === 'route') return value.replace(/^([\d.]+\/\d+):([\d.]+)$/, '$1 $2')
  if (name === 'pd') return value.replace(/^(.+\/\d+):(\d+)$/, '$1 $2')
  return value
}
