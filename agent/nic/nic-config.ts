import type { ServiceDefaults } from '#binding/resolve.js'
import { defaultSettings, readSettings } from '#binding/setting-fields.js'
import { err, ok, type Result } from '#result.js'
import { readProfiles } from './firewall/profile-text.js'
import type { Profiles } from './firewall/profiles.js'
import { isObject, objectOf, parseJson } from './json.js'
import { defaultSetup, readSetup, setupSettingFields } from './setup-setting-fields.js'
import type { CompleteSetup, SetupSettings } from './setup-settings.js'
import { textDigest } from './text-digest.js'

/** All of the configuration that NICs are decided by. */
export interface NicConfig {
  /** What NICs are told: whether we serve a network decides what its guests must not play. */
  readonly serving: ServiceDefaults
  readonly setup: CompleteSetup
  /** Sections `[network NAME]`, by name or UUID. */
  readonly networks: ReadonlyMap<string, SetupSettings>
  readonly profiles: Profiles
  /** Changes with everything that was configured. */
  readonly fingerprint: string
}

/** One key of the configuration as it was given. */
export interface GivenSetting {
  readonly section: string
  readonly key: string
  readonly text: string
  /** Undefined for a default: these are not written down. */
  readonly file: string | undefined
}

/** Section -> key -> text. */
type SectionTexts = Readonly<Record<string, Readonly<Record<string, string>>>>

/** The version of the format that is read and written. */
export const nicConfigVersion = 1

/** Sections whose keys NICs are decided by, beside `[network NAME]` and `[firewall NAME]`. */
const wantedSections = ['nic', 'dhcp', 'ra', 'dhcpv6', 'queueing']

/**
 * The compiled configuration, a JSON text: what was given for NICs, without defaults, files and secrets. It holds texts, so one
 * that an older version wrote is read with the defaults of this one.
 * @param settings of a configuration that was checked
 */
export function compileNicConfig(settings: readonly GivenSetting[]): string {
  const sections = sectionsOf(settings)
  const version = nicConfigVersion
  return `${JSON.stringify({ version, fingerprint: fingerprint(sections), sections })}\n`
}

/** The same, as it is: what {@link parseNicConfig} would read. */
export function nicConfigOf(settings: readonly GivenSetting[]): NicConfig {
  return configOf(sectionsOf(settings), () => {}) // each was checked
}

/** What holds without any configuration. */
export function defaultNicConfig(): NicConfig {
  return configOf({}, () => {})
}

/**
 * Reads what {@link compileNicConfig} wrote. A key that is not understood is left out and told in `problems`; it never stands in
 * the way of a start, for it was checked when it was written.
 */
export function parseNicConfig(
  text: string,
): Result<{ readonly config: NicConfig; readonly problems: readonly string[] }, string> {
  const { version, sections } = objectOf(parseJson(text))
  if (version !== nicConfigVersion) {
    return err(`wants a JSON object of version ${nicConfigVersion}`)
  }
  if (!isSections(sections)) return err('sections: wants texts in objects')
  const problems: string[] = []
  const config = configOf(sections, (problem) => {
    problems.push(problem)
  })
  return ok({ config, problems })
}

function sectionsOf(settings: readonly GivenSetting[]): SectionTexts {
  const sections: Record<string, Record<string, string>> = {}
  for (const { section, key, text, file } of settings) {
    if (file !== undefined && isWanted(section, key)) {
      sections[section] = { ...sections[section], [key]: text }
    }
  }
  return sections
}

function configOf(sections: SectionTexts, note: (problem: string) => void): NicConfig {
  const noteIn = (section: string) => (key: string, message: string) => {
    note(`[${section}] ${key}: ${message}`)
  }
  const given = ['dhcp', 'ra', 'dhcpv6', 'queueing'].flatMap((section) =>
    settingTexts(sections, section),
  )
  const networks = Object.keys(sections).flatMap((section) => {
    const name = /^network\s+(.*\S)\s*$/.exec(section)?.[1]
    return name === undefined ? [] : [{ name, section }]
  })
  const isSetting = setupKeys()
  const setup = { ...defaultSetup(), ...readSetup(settingTexts(sections, 'nic'), noteIn('nic')) }
  return {
    serving: {
      servedNetworks: servedNetworks(sections['responder']?.['networks'] ?? ''),
      settings: { ...defaultSettings(), ...readSettings(given, noteIn('dhcp')) },
      networks: new Map(
        networks.map(({ name, section }) => {
          const own = settingTexts(sections, section).filter(([key]) => !isSetting.has(key))
          return [name, readSettings(own, noteIn(section))]
        }),
      ),
    },
    setup,
    networks: new Map(
      networks.map(({ name, section }) => [
        name,
        readSetup(settingTexts(sections, section), noteIn(section)),
      ]),
    ),
    profiles: profilesOf(sections, { standard: setup.firewall, note }),
    fingerprint: fingerprint(sections),
  }
}

function profilesOf(
  sections: SectionTexts,
  { standard, note }: { readonly standard: string; readonly note: (problem: string) => void },
): Profiles {
  const texts = Object.entries(sections).flatMap(([section, keys]) => {
    const name = /^firewall\s+(.*\S)\s*$/.exec(section)?.[1]
    return name === undefined ? [] : [[name, keys] as const]
  })
  return { standard, named: readProfiles(new Map(texts), note) }
}

function setupKeys(): ReadonlySet<string> {
  return new Set(setupSettingFields.map(({ name }) => name))
}

function settingTexts(
  sections: SectionTexts,
  section: string,
): readonly (readonly [string, string])[] {
  return Object.entries(sections[section] ?? {})
    .filter(([key]) => section !== 'queueing' || key === 'when_down')
    .map(([key, text]) => [section === 'dhcpv6' && key === 'mode' ? 'dhcpv6' : key, text] as const)
}

function isWanted(section: string, key: string): boolean {
  if (section === 'responder') return key === 'networks'
  return wantedSections.includes(section) || /^(?:network|firewall)\s/.test(section)
}

function servedNetworks(text: string): ServiceDefaults['servedNetworks'] {
  const names = text.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
  return names.includes('*') ? 'all' : new Set(names)
}

/** Tells configurations apart, in whatever order their files say it. */
function fingerprint(sections: SectionTexts): string {
  const lines = Object.entries(sections).flatMap(([section, keys]) =>
    Object.entries(keys).map(([key, text]) => JSON.stringify([section, key, text])),
  )
  return textDigest(lines.sort().join('\n'))
}

function isSections(value: unknown): value is SectionTexts {
  return (
    isObject(value) &&
    Object.values(value).every(
      (keys) => isObject(keys) && Object.values(keys).every((text) => typeof text === 'string'),
    )
  )
}
