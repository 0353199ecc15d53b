import { dhcpSettingFields } from './dhcp-setting-fields.js'
import { networkSettingFields } from './network-setting-fields.js'
import { bootRule, optionBytes } from './option-text.js'
import { raSettingFields } from './ra-setting-fields.js'
import { mapResult, type SettingField } from './setting-field.js'
import { addSettings, type CompleteSettings, type NicSettings } from './settings.js'

/** Every setting that has one name; `option_N`, `dhcpv6_option_N` and `boot_N` come beside (see {@link settingNamed}). */
export const settingFields: readonly SettingField[] = [
  ...networkSettingFields,
  ...dhcpSettingFields,
  ...raSettingFields,
]

/** The setting of this name, with its parser; `option_224`, `dhcpv6_option_94` and `boot_1` among them. */
export function settingNamed(name: string): Pick<SettingField, 'section' | 'parse'> | undefined {
  return byName.get(name) ?? numberedSetting(name)
}

/**
 * What several settings of one place say together; boot rules in the order of their numbers.
 * @param texts name and value of each
 * @param onProblem a name that does not exist, or a value that is wrong: it is left out
 */
export function readSettings(
  texts: Iterable<readonly [string, string]>,
  onProblem: (name: string, message: string) => void,
): NicSettings {
  let settings: NicSettings = {}
  for (const [name, text] of [...texts].sort(([a], [b]) => turnOf(a) - turnOf(b))) {
    const parsed = settingNamed(name)?.parse(text)
    if (parsed === undefined) onProblem(name, 'there is no such setting')
    else if (!parsed.ok) onProblem(name, parsed.problem)
    else settings = addSettings(settings, parsed.value)
  }
  return settings
}

/** What every setting has when nobody says otherwise. */
export function defaultSettings(): CompleteSettings {
  let settings: NicSettings = {
    nameservers4: [],
    nameservers6: [],
    ntpServers4: [],
    ntpServers6: [],
    routes4: [],
    routes6: [],
    boot: [],
    rawOptions4: [],
    rawOptions6: [],
  }
  for (const { parse, defaultText } of settingFields) {
    const parsed = parse(defaultText)
    if (parsed.ok) settings = { ...settings, ...parsed.value }
  }
  return settings as CompleteSettings
}

const byName: ReadonlyMap<string, SettingField> = new Map(
  settingFields.map((setting) => [setting.name, setting]),
)

/** Place among boot rules; 0 for everything else. */
function turnOf(name: string): number {
  return name.startsWith('boot_') ? Number(name.slice('boot_'.length)) : 0
}

/** Settings whose names end with a number: raw options by their code, boot rules by their turn. */
function numberedSetting(name: string): Pick<SettingField, 'section' | 'parse'> | undefined {
  const [, kind = '', digits = ''] = /^(option|dhcpv6_option|boot)_([1-9]\d{0,4})$/.exec(name) ?? []
  const code = Number(digits)
  switch (kind) {
    case 'option':
      // 0 and 255 are padding and end; 53 and 54 make the message what it is (RFC 2132 §9.6, §9.7)
      if (code > 254 || code === 53 || code === 54) return undefined
      return {
        section: 'dhcp',
        parse: (text) =>
          mapResult(optionBytes(text), (value) => ({ rawOptions4: [{ code, value }] })),
      }
    case 'dhcpv6_option':
      // identifiers, IAs and status belong to the message itself (RFC 9915 §21)
      if (code > 65_535 || code <= 20 || code === 25 || code === 26) return undefined
      return {
        section: 'dhcpv6',
        parse: (text) =>
          mapResult(optionBytes(text), (value) => ({ rawOptions6: [{ code, value }] })),
      }
    case 'boot':
      return {
        section: 'dhcp',
        parse: (text) => mapResult(bootRule(text), (rule) => ({ boot: [rule] })),
      }
    default:
      return undefined
  }
}
