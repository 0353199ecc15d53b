import { settingFields, settingNamed } from '#binding/setting-fields.js'
import { profileKeys, profileNameFault } from '#nic/firewall/profile-text.js'
import { setupSettingFields, setupSettingNamed } from '#nic/setup-setting-fields.js'
import type { Field } from './config-fields.js'
import { consumerFields } from './consumer-fields.js'
import { nodeSchema } from './node-schema.js'
import { scriptFields } from './script-fields.js'

/** What a key of the configuration needs to be checked and shown. */
export type KeyField = Pick<Field<unknown>, 'defaultText' | 'doc' | 'isSecret'> & {
  /** What is wrong with a text, or undefined. */
  readonly fault: (text: string) => string | undefined
  /** The name of the setting that NICs are told by it; undefined for what programs read. */
  readonly setting: string | undefined
}

const networkPrefix = 'network '

const firewallPrefix = 'firewall '

const scriptPrefix = 'script '

const consumerPrefix = 'consumer '

/** The network that a section is about: `[network NAME]`. */
export function networkOfSection(section: string): string | undefined {
  const name = section.startsWith(networkPrefix) ? section.slice(networkPrefix.length).trim() : ''
  return name === '' ? undefined : name
}

/** The firewall profile that a section is about: `[firewall NAME]`. */
export function profileOfSection(section: string): string | undefined {
  const name = section.startsWith(firewallPrefix)
    ? section.slice(firewallPrefix.length).trim()
    : undefined
  return name !== undefined && profileNameFault(name) === undefined ? name : undefined
}

/** The script of the administrator's that a section is about: `[script NAME]`. */
export function scriptOfSection(section: string): string | undefined {
  const name = section.startsWith(scriptPrefix) ? section.slice(scriptPrefix.length).trim() : ''
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : undefined
}

/** The consumer that a section is about: `[consumer NAME]`. Its name is part of a queue's and a unit's. */
export function consumerOfSection(section: string): string | undefined {
  const name = section.startsWith(consumerPrefix) ? section.slice(consumerPrefix.length).trim() : ''
  return /^[A-Za-z0-9_-]{1,64}$/.test(name) ? name : undefined
}

/** Whether there is a section of this name. */
export function isSection(section: string): boolean {
  return (
    keysOf.has(section) ||
    networkOfSection(section) !== undefined ||
    profileOfSection(section) !== undefined ||
    scriptOfSection(section) !== undefined ||
    consumerOfSection(section) !== undefined
  )
}

/** Every section but the open ones, with its keys, in the order of the reference file. */
export function sections(): ReadonlyMap<string, ReadonlyMap<string, KeyField>> {
  return keysOf
}

/** The field of a key; undefined when there is no such key. */
export function keyField(section: string, key: string): KeyField | undefined {
  const known = keysOf.get(section)?.get(key)
  if (known !== undefined) return known
  if (profileOfSection(section) !== undefined) return profileField(key)
  if (scriptOfSection(section) !== undefined)
    return Object.hasOwn(scriptFields, key) ? keysOf.get('scripts')?.get(key) : undefined
  if (consumerOfSection(section) !== undefined)
    return Object.hasOwn(consumerFields, key) ? keysOf.get('consumers')?.get(key) : undefined
  const setup = networkOfSection(section) === undefined ? undefined : setupSettingNamed(key)
  if (setup !== undefined) return { ...keyOf(setup), defaultText: '' }
  const setting = settingNamed(key)
  if (setting === undefined) return undefined
  const isNumbered = setting.section === section && /_\d+$/.test(key)
  if (!isNumbered && networkOfSection(section) === undefined) return undefined
  return {
    defaultText: '',
    doc: '',
    isSecret: false,
    setting: key,
    fault: (text) => problemOf(setting.parse(text)),
  }
}

function profileField(name: string): KeyField | undefined {
  const known = profileKeys.find((candidate) => candidate.name === name)
  return known && { ...known, isSecret: false, setting: undefined }
}

const keysOf: ReadonlyMap<string, ReadonlyMap<string, KeyField>> = collect()

function collect(): ReadonlyMap<string, ReadonlyMap<string, KeyField>> {
  const found = new Map<string, Map<string, KeyField>>()
  for (const [section, fields] of Object.entries(nodeSchema)) {
    const keys = new Map<string, KeyField>()
    for (const [key, field] of Object.entries<Field<unknown>>(fields)) {
      const { defaultText, doc, isSecret } = field
      const fault = (text: string) => problemOf(field.parse(text))
      keys.set(key, { defaultText, doc, isSecret, fault, setting: undefined })
    }
    found.set(section, keys)
  }
  for (const { section, name, defaultText, doc, parse } of settingFields) {
    if (section === 'network') continue
    const keys = found.get(section) ?? new Map<string, KeyField>()
    const fault = (text: string) => problemOf(parse(text))
    const key = name === 'dhcpv6' ? 'mode' : name
    keys.set(key, { defaultText, doc, isSecret: false, fault, setting: name })
    found.set(section, keys)
  }
  found.set('nic', new Map(setupSettingFields.map((field) => [field.name, keyOf(field)])))
  return found
}

/** Programs do not read it, nor are NICs told: it says how they are set up. */
function keyOf({ defaultText, doc, parse }: (typeof setupSettingFields)[number]): KeyField {
  const fault = (text: string) => problemOf(parse(text))
  return { defaultText, doc, isSecret: false, fault, setting: undefined }
}

function problemOf(
  parsed: { readonly ok: true } | { readonly ok: false; readonly problem: string },
): string | undefined {
  return parsed.ok ? undefined : parsed.problem
}
