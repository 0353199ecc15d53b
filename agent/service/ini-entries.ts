import { parse as parseIni } from 'ini'

/** One key of an INI text. */
export interface IniEntry {
  /** Empty for a key above the first section. */
  readonly section: string
  readonly key: string
  /** A string unless the key stands there as a list. */
  readonly value: unknown
}

/**
 * The keys of an INI text.
 *
 * `cut` are those whose value `ini` cut at a `;` or `#` within a word, which it takes for the beginning of a comment:
 * in addresses, passwords and raw options that would change the meaning without a word.
 */
export function iniEntries(text: string): {
  readonly entries: readonly IniEntry[]
  readonly cut: readonly Pick<IniEntry, 'section' | 'key'>[]
} {
  const plain = text.replace(/^\ufeff/, '')
  const entries: IniEntry[] = []
  for (const [key, value] of Object.entries(parseIni(plain))) {
    if (isMembers(value)) entries.push(...membersOf(key, value))
    else entries.push({ section: '', key, value: plainText(value) })
  }
  return { entries, cut: [...cutKeys(plain)] }
}

/** Keys whose values may hold a `;` or `#` in earnest. */
const delicate =
  /^(?:(?:[a-z]+_)?url|captive_portal|bindings|option_\d+|dhcpv6_option_\d+|boot_\d+)$/

function* cutKeys(text: string): Iterable<Pick<IniEntry, 'section' | 'key'>> {
  let section = ''
  for (const line of text.split(/\r?\n/)) {
    section = /^\s*\[([^\]]*)\]/.exec(line)?.[1] ?? section
    const [, key = '', value = ''] = /^\s*([^;#=\s]+)\s*=(.*)$/.exec(line) ?? []
    if (delicate.test(key) && !/^\s*["']/.test(value) && /[^\s\\][;#]/.test(value))
      yield { section, key }
  }
}

/** `ini` makes sections within sections of names with dots; here a name is a name. */
function* membersOf(
  section: string,
  members: Readonly<Record<string, unknown>>,
): Iterable<IniEntry> {
  for (const [key, value] of Object.entries(members)) {
    if (isMembers(value)) yield* membersOf(`${section}.${key}`, value)
    else yield { section, key, value: plainText(value) }
  }
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `ini` turns true, false and null into values; a configuration is text until its field reads it. */
function plainText(value: unknown): unknown {
  return value === null || typeof value === 'boolean' ? String(value) : value
}
