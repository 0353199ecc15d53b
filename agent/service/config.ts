import { defaultSettings, readSettings } from '#binding/setting-fields.js'
import type { NicSettings } from '#binding/settings.js'
import { AgentError } from '#errors.js'
import { nicConfigOf } from '#nic/nic-config.js'
import { digestOf } from './config-digest.js'
import { type ConfigSource, readSources } from './config-files.js'
import { inconsistencies } from './consistency.js'
import { consumerFields } from './consumer-fields.js'
import {
  type GivenKey,
  type GivenSections,
  gatherSections,
  masked,
  type Setting,
  valuesOf,
} from './given-sections.js'
import type { ConsumerConfig, NodeConfig, ScriptConfig } from './node-config.js'
import { nodeSchema } from './node-schema.js'
import { scriptFields } from './script-fields.js'
import {
  consumerOfSection,
  isSection,
  keyField,
  networkOfSection,
  profileOfSection,
  scriptOfSection,
  sections,
} from './sections.js'

/** A checked configuration and where it came from. */
export interface LoadedConfig {
  readonly config: NodeConfig
  readonly settings: readonly Setting[]
  readonly files: readonly string[]
}

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
  const given = gatherSections(sources, faultOf)
  const settings = [...settingsOf(given)]
  const config = {
    ...configOf(given),
    nics: nicConfigOf(settings),
    digest: sharedDigest(sources, settings),
  }
  const unfit = inconsistencies(config)
  if (unfit.length > 0) throw new AgentError('CONFIG_INVALID', unfit.join('\n'))
  return {
    config,
    settings,
    files: sources.map(({ file }) => file),
  }
}

/** `local.ini` of the folder beside the file is the node's own: that it differs from others' is no drift. */
function sharedDigest(sources: readonly ConfigSource[], settings: readonly Setting[]) {
  const shared = sources.filter(({ file }) => !file.endsWith('/local.ini'))
  const isAll = shared.length === sources.length
  return digestOf(isAll ? settings : [...settingsOf(gatherSections(shared, faultOf))])
}

/** What is wrong with one entry, if anything. */
function faultOf({ section, key, text }: GivenKey): string | undefined {
  if (section === 'prefixes') {
    const isPrefix = /^[\x21-\x2d\x2f-\x7e]{1,100}$/.test(text)
    return isPrefix ? undefined : 'wants one word without a dot, at most 100 characters'
  }
  const field = keyField(section, key)
  if (field !== undefined) return field.fault(text)
  return `there is no such ${isSection(section) ? 'key in this section' : 'section'}`
}

function configOf(given: GivenSections): Omit<NodeConfig, 'nics' | 'digest'> {
  const config: Record<string, unknown> = {}
  for (const [section, fields] of Object.entries(nodeSchema))
    config[section] = valuesOf(fields, [section], given)
  const { responder, ...others } = config as unknown as Omit<
    NodeConfig,
    'prefixes' | 'serving' | 'firewalls' | 'ownScripts' | 'ownConsumers' | 'nics' | 'digest'
  >
  const prefixes = [...(given.get('prefixes') ?? [])].map(([key, { text }]) => [key, text] as const)
  return {
    ...others,
    responder,
    prefixes: new Map(prefixes),
    firewalls: firewallsOf(given),
    ownScripts: scriptsOf(given),
    ownConsumers: consumersOf(given),
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

function consumersOf(given: GivenSections): ReadonlyMap<string, ConsumerConfig> {
  const consumers = new Map<string, ConsumerConfig>()
  for (const section of given.keys()) {
    const name = consumerOfSection(section)
    if (name === undefined) continue
    const values = valuesOf(consumerFields, [section, 'consumers'], given)
    consumers.set(name, values as unknown as ConsumerConfig)
  }
  return consumers
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
      yield { section, key, text: isSecret ? masked(text) : text, file: source?.file }
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
