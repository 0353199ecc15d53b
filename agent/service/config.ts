import { defaultSettings, readSettings } from '#binding/setting-fields.js'
import type { NicSettings } from '#binding/settings.js'
import { AgentError } from '#errors.js'
import { nicConfigOf } from '#nic/nic-config.js'
import type { Field } from './config-fields.js'
import { type ConfigSource, readSources } from './config-files.js'
import { inconsistencies } from './consistency.js'
import { type IniEntry, iniEntries } from './ini-entries.js'
import type { NodeConfig, ScriptConfig } from './node-config.js'
import { nodeSchema } from './node-schema.js'
import { scriptFields } from './script-fields.js'
import {
  isSection,
  keyField,
  networkOfSection,
  profileOfSection,
  scriptOfSection,
  sections,
} from './sections.js'

/** One effective setting, for `config show`. */
export interface Setting {
  readonly section: string
  readonly key: string
  /** As a file would have it; `***` for secrets. */
  readonly text: string
  /** The file that set it, or undefined for the default. */
  readonly file: string | undefined
}

/** A checked configuration and where it came from. */
export interface LoadedConfig {
  readonly config: NodeConfig
  readonly settings: readonly Setting[]
  readonly files: readonly string[]
}

/** What one key was given as, last. */
interface Given {
  readonly text: string
  readonly file: string
}

/** Section -> key -> what it was given as. */
type GivenSections = ReadonlyMap<string, ReadonlyMap<string, Given>>

/**
 * Reads the file and then each `*.ini` of the folder beside it, in name order; later files win.
 *
 * A missing main file is an error when it was asked for by name (`isRequired`), else all defaults hold.
 * @throws AgentError CONFIG_INVALID naming file, section and key of every fault
 */
export async function loadConfig(
  file: string,
  options: { readonly isRequired: boolean },
): Promise<LoadedConfig> {
  return parseConfig(await readSources(file, options))
}

/**
 * Checks configuration texts, later ones over earlier ones.
 * @throws AgentError CONFIG_INVALID with one line a fault: `file: [section] key: what is wrong`
 */
export function parseConfig(sources: readonly ConfigSource[]): LoadedConfig {
  const faults: string[] = []
  const given = new Map<string, Map<string, Given>>()
  for (const { file, text } of sources) {
    const { entries, cut } = iniEntries(text)
    for (const { section, key } of cut) {
      faults.push(`${file}: [${section}] ${key}: write ; as %3B and # as %23 in an address`)
    }
    for (const entry of entries) {
      const fault = faultOf(entry)
      if (fault !== undefined) faults.push(`${file}: [${entry.section}] ${entry.key}: ${fault}`)
      else if (typeof entry.value === 'string') {
        const keys = given.get(entry.section) ?? new Map<string, Given>()
        given.set(entry.section, keys.set(entry.key, { text: entry.value, file }))
      }
    }
  }
  if (faults.length > 0) throw new AgentError('CONFIG_INVALID', faults.join('\n'))
  const settings = [...settingsOf(given)]
  const config = { ...configOf(given), nics: nicConfigOf(settings) }
  const unfit = inconsistencies(config)
  if (unfit.length > 0) throw new AgentError('CONFIG_INVALID', unfit.join('\n'))
  return {
    config,
    settings,
    files: sources.map(({ file }) => file),
  }
}

/** What is wrong with one entry, if anything. */
function faultOf({ section, key, value }: IniEntry): string | undefined {
  if (typeof value !== 'string') return 'given twice or as a list'
  if (section === 'prefixes') {
    const isPrefix = /^[\x21-\x2d\x2f-\x7e]{1,100}$/.test(value)
    return isPrefix ? undefined : 'wants one word without a dot, at most 100 characters'
  }
  const field = keyField(section, key)
  if (field !== undefined) return field.fault(value)
  return `there is no such ${isSection(section) ? 'key in this section' : 'section'}`
}

function configOf(given: GivenSections): Omit<NodeConfig, 'nics'> {
  const config: Record<string, unknown> = {}
  for (const [section, fields] of Object.entries(nodeSchema))
    config[section] = valuesOf(fields, [section], given)
  const { responder, ...others } = config as unknown as Omit<
    NodeConfig,
    'prefixes' | 'serving' | 'firewalls' | 'ownScripts' | 'nics'
  >
  const prefixes = [...(given.get('prefixes') ?? [])].map(([key, { text }]) => [key, text] as const)
  return {
    ...others,
    responder,
    prefixes: new Map(prefixes),
    firewalls: firewallsOf(given),
    ownScripts: scriptsOf(given),
    serving: {
      servedNetworks: responder.networks,
      settings: {
        ...defaultSettings(),
        ...nicSettings(given, (section) => sections().has(section)),
      },
      networks: networksOf(given),
    },
  }
}

/** The values of fields, each from the first of these sections that has it, else its default. */
function valuesOf(
  fields: Readonly<Record<string, Field<unknown>>>,
  from: readonly string[],
  given: GivenSections,
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(fields)) {
    const section = from.find((name) => given.get(name)?.has(key))
    const source = section === undefined ? undefined : given.get(section)?.get(key)
    const parsed = field.parse(source?.text ?? field.defaultText)
    if (!parsed.ok)
      throw new AgentError('CONFIG_INVALID', `[${section ?? ''}] ${key}: ${parsed.problem}`)
    values[key] = parsed.value
  }
  return values
}

function scriptsOf(given: GivenSections): ReadonlyMap<string, ScriptConfig> {
  const scripts = new Map<string, ScriptConfig>()
  for (const section of given.keys()) {
    const name = scriptOfSection(section)
    if (name === undefined) continue
    const values = valuesOf(scriptFields, [section, 'scripts'], given)
    scripts.set(name, values as unknown as ScriptConfig)
  }
  return scripts
}

/** The settings of NICs in the sections that are chosen. */
function nicSettings(given: GivenSections, isChosen: (section: string) => boolean): NicSettings {
  const texts: [string, string][] = []
  for (const [section, keys] of given) {
    if (!isChosen(section)) continue
    for (const [key, { text }] of keys) {
      const setting = keyField(section, key)?.setting
      if (setting !== undefined) texts.push([setting, text])
    }
  }
  return readSettings(texts, () => {}) // each was checked above
}

function networksOf(given: GivenSections): ReadonlyMap<string, NicSettings> {
  const networks = new Map<string, NicSettings>()
  for (const section of given.keys()) {
    const name = networkOfSection(section)
    if (name !== undefined)
      networks.set(
        name,
        nicSettings(given, (other) => other === section),
      )
  }
  return networks
}

function firewallsOf(given: GivenSections): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const firewalls = new Map<string, Readonly<Record<string, string>>>()
  for (const [section, keys] of given) {
    const name = profileOfSection(section)
    if (name === undefined) continue
    firewalls.set(name, Object.fromEntries([...keys].map(([key, { text }]) => [key, text])))
  }
  return firewalls
}

function* settingsOf(given: GivenSections): Iterable<Setting> {
  for (const [section, fields] of sections()) {
    for (const [key, { defaultText, isSecret }] of fields) {
      const source = given.get(section)?.get(key)
      const text = source?.text ?? defaultText
      yield { section, key, text: isSecret ? mask(text) : text, file: source?.file }
    }
    for (const [key, { text, file }] of given.get(section) ?? []) {
      if (!fields.has(key)) yield { section, key, text, file }
    }
  }
  for (const [section, keys] of given) {
    if (sections().has(section)) continue
    for (const [key, { text, file }] of keys) yield { section, key, text, file }
  }
}

/** Addresses without their passwords. */
function mask(text: string): string {
  return text.replace(/(\/\/[^:/@\s,]*):[^/\s,]*@/g, '$1:***@')
}
