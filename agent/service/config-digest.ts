import { createHash } from 'node:crypto'
import type { Setting } from './given-sections.js'

/** A configuration in a few letters: two nodes with the same digest go by the same values, wherever these stand. */
export interface ConfigDigest {
  /** Of all sections. */
  readonly all: string
  /** Of each, so that it can be said where two configurations differ. */
  readonly sections: Readonly<Record<string, string>>
}

/** 48 bits: nobody forges a configuration, and two that differ by chance alike are not to be feared. */
const digits = 12

/**
 * The digest of effective settings. Passwords are masked in them and so play no part: what is told to a broker must not help to guess
 * one. Neither do the order of sections and the files that things stand in.
 */
export function digestOf(settings: readonly Setting[]): ConfigDigest {
  const lines = new Map<string, string[]>()
  for (const { section, key, text } of settings)
    lines.set(section, [...(lines.get(section) ?? []), `${key}=${text}`])
  const sections = Object.fromEntries(
    [...lines].sort().map(([section, keys]) => [section, short(keys.sort().join('\n'))]),
  )
  return { all: short(JSON.stringify(sections)), sections }
}

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits)
}
