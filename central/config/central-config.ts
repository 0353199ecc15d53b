import { AgentError } from '#errors.js'
import type { Field } from '#service/config-fields.js'
import { type ConfigSource, readSources } from '#service/config-files.js'
import {
  type FieldValue,
  type GivenKey,
  type GivenSections,
  gatherSections,
  masked,
  type Setting,
  valuesOf,
} from '#service/given-sections.js'
import { centralSchema } from './central-schema.js'

/** The checked configuration of the centre: each key of {@link centralSchema} with its value. */
export type CentralConfig = {
  readonly [S in keyof typeof centralSchema]: {
    readonly [K in keyof (typeof centralSchema)[S]]: FieldValue<(typeof centralSchema)[S][K]>
  }
}

/** A checked configuration and where it came from. */
export interface LoadedCentralConfig {
  readonly config: CentralConfig
  readonly settings: readonly Setting[]
  readonly files: readonly string[]
}

/**
 * Reads the file and then each `*.ini` of the folder beside it, in name order; later files win.
 *
 * A missing main file is an error when it was asked for by name (`isRequired`), else all defaults hold.
 * @throws AgentError CONFIG_INVALID naming file, section and key of every fault
 */
export async function loadCentralConfig(
  file: string,
  options: { readonly isRequired: boolean },
): Promise<LoadedCentralConfig> {
  return parseCentralConfig(await readSources(file, options))
}

/**
 * Checks configuration texts, later ones over earlier ones.
 * @throws AgentError CONFIG_INVALID with one line a fault: `file: [section] key: what is wrong`
 */
export function parseCentralConfig(sources: readonly ConfigSource[]): LoadedCentralConfig {
  const given = gatherSections(sources, faultOf)
  const config = Object.fromEntries(
    Object.entries(centralSchema).map(([section, fields]) => [
      section,
      valuesOf(fields, [section], given),
    ]),
  ) as unknown as CentralConfig
  const unfit = inconsistencies(config)
  if (unfit.length > 0) throw new AgentError('CONFIG_INVALID', unfit.join('\n'))
  return { config, settings: [...settingsOf(given)], files: sources.map(({ file }) => file) }
}

/** The defaults. */
export function defaultCentralConfig(): CentralConfig {
  return parseCentralConfig([]).config
}

function faultOf({ section, key, text }: GivenKey): string | undefined {
  const fields = fieldsOf(section)
  if (fields === undefined) return 'there is no such section'
  const field = Object.hasOwn(fields, key) ? fields[key] : undefined
  if (field === undefined) return 'there is no such key in this section'
  const parsed = field.parse(text)
  return parsed.ok ? undefined : parsed.problem
}

function fieldsOf(section: string): Readonly<Record<string, Field<unknown>>> | undefined {
  return Object.hasOwn(sections, section) ? sections[section] : undefined
}

const sections: Readonly<Record<string, Readonly<Record<string, Field<unknown>>>>> = centralSchema

/** What each key is alone allows, and together does not make sense. */
function inconsistencies({ server, ganeti }: CentralConfig): readonly string[] {
  const isHalf = (server.cert_file === '') !== (server.key_file === '')
  const isHasty = ganeti.lost_after.ms <= ganeti.connect_timeout.ms + ganeti.timeout.ms
  return [
    ...(isHalf ? ['[server] cert_file and key_file: give both, or none'] : []),
    ...(isHasty
      ? [
          '[ganeti] lost_after: wants to be longer than connect_timeout and timeout together, or what is still under way is asked for again',
        ]
      : []),
  ]
}

function* settingsOf(given: GivenSections): Iterable<Setting> {
  for (const [section, fields] of Object.entries(sections)) {
    for (const [key, { defaultText, isSecret }] of Object.entries(fields)) {
      const source = given.get(section)?.get(key)
      const text = source?.text ?? defaultText
      yield { section, key, text: isSecret ? masked(text) : text, file: source?.file }
    }
  }
}
