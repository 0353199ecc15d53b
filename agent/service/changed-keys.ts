import type { Setting } from './given-sections.js'

/** A checked configuration, of a node or of the centre. */
export interface Loaded {
  readonly config: object
  readonly settings: readonly Setting[]
}

/**
 * The keys that differ, as `[section] key`, in the order of the documents. Secrets are compared by their values: their texts are masked.
 */
export function changedKeys(before: Loaded, after: Loaded): readonly string[] {
  const texts = (loaded: Loaded) =>
    new Map(
      loaded.settings.map(({ section, key, text }) => [
        nameOf(section, key),
        `${text} ${JSON.stringify(fieldOf(loaded.config, section, key)) ?? ''}`,
      ]),
    )
  const [old, now] = [texts(before), texts(after)]
  return [...new Set([...old.keys(), ...now.keys()])].filter(
    (name) => old.get(name) !== now.get(name),
  )
}

/** The section of a name that {@link changedKeys} gives, without what follows its first word: `network` of `[network pub] dhcp`. */
export function sectionOf(name: string): string {
  return /^\[([^\s\]]*)/.exec(name)?.[1] ?? ''
}

function nameOf(section: string, key: string): string {
  return `[${section}] ${key}`
}

function fieldOf(config: object, section: string, key: string): unknown {
  const fields: unknown = Object.hasOwn(config, section) ? Reflect.get(config, section) : undefined
  return typeof fields === 'object' && fields !== null ? Reflect.get(fields, key) : undefined
}
