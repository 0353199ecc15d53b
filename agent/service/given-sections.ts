import { AgentError } from '#errors.js'
import type { Field } from './config-fields.js'
import type { ConfigSource } from './config-files.js'
import { iniEntries } from './ini-entries.js'

/** What one key was given as, last. */
export interface Given {
  readonly text: string
  readonly file: string
}

/** One key of a text. */
export interface GivenKey {
  readonly section: string
  readonly key: string
  readonly text: string
}

/** Section -> key -> what it was given as. */
export type GivenSections = ReadonlyMap<string, ReadonlyMap<string, Given>>

/** One effective setting, for `config show`. */
export interface Setting {
  readonly section: string
  readonly key: string
  /** As a file would have it; `***` for secrets. */
  readonly text: string
  /** The file that set it, or undefined for the default. */
  readonly file: string | undefined
}

/** A field's value. */
export type FieldValue<F> = F extends Field<infer T> ? T : never

/**
 * What configuration texts say, later ones over earlier ones.
 *
 * @param faultOf what is wrong with one key's text, if anything
 * @throws AgentError CONFIG_INVALID with one line a fault: `file: [section] key: what is wrong`
 */
export function gatherSections(
  sources: readonly ConfigSource[],
  faultOf: (key: GivenKey) => string | undefined,
): GivenSections {
  const faults: string[] = []
  const given = new Map<string, Map<string, Given>>()
  for (const { file, text } of sources) {
    const { entries, cut } = iniEntries(text)
    for (const { section, key } of cut) {
      faults.push(
        `${file}: [${section}] ${key}: write ; as %3B and # as %23 in an address, or the whole value in double quotes`,
      )
    }
    for (const { section, key, value } of entries) {
      const isText = typeof value === 'string'
      const fault = isText ? faultOf({ section, key, text: value }) : 'given twice or as a list'
      if (fault !== undefined) faults.push(`${file}: [${section}] ${key}: ${fault}`)
      else if (isText) {
        const keys = given.get(section) ?? new Map<string, Given>()
        given.set(section, keys.set(key, { text: value, file }))
      }
    }
  }
  if (faults.length > 0) throw new AgentError('CONFIG_INVALID', faults.join('\n'))
  return given
}

/** The values of fields, each from the first of these sections that has it, else its default. */
export function valuesOf(
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

/** Addresses without their passwords. */
export function masked(text: string): string {
  return text.replace(/(\/\/[^:/@\s,]*):[^/\s,]*@/g, '$1:***@')
}
