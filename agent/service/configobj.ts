/** One key of a configobj file. */
export interface ConfigObjEntry {
  /** Empty above the first section. */
  readonly section: string
  readonly key: string
  /** One value, or those of a list. */
  readonly values: readonly string[]
  /** Counted from 1. */
  readonly line: number
}

/** What a configobj file says, and the lines that say nothing. */
export interface ConfigObj {
  readonly entries: readonly ConfigObjEntry[]
  /** Lines that are neither section, key, comment nor empty; counted from 1. */
  readonly odd: readonly number[]
}

/**
 * Reads Python's configobj dialect of INI as far as nfdhcpd.conf uses it: `[section]`, `key = value`, lists with commas,
 * values in single or double quotes, comments from `#` to the end of the line. Never throws.
 */
export function parseConfigObj(text: string): ConfigObj {
  const entries: ConfigObjEntry[] = []
  const odd: number[] = []
  let section = ''
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const header = /^\[\s*([^[\]]+?)\s*\]\s*(?:#.*)?$/.exec(line)
    const [, key, rest] = /^("[^"]*"|'[^']*'|[^=#]+?)\s*=\s*(.*)$/.exec(line) ?? []
    const values = rest === undefined ? undefined : splitValues(rest)
    if (header?.[1] !== undefined) section = unquote(header[1])
    else if (key === undefined || values === undefined) odd.push(index + 1)
    else entries.push({ section, key: unquote(key), values, line: index + 1 })
  }
  return { entries, odd }
}

/** The members of a list, or the one value; undefined when a quote is not closed. */
function splitValues(text: string): readonly string[] | undefined {
  const values: string[] = []
  let rest = text
  for (;;) {
    const found = /^\s*("[^"]*"|'[^']*'|[^,#"']*)\s*(,|#.*|$)/.exec(rest)
    if (found === null) return undefined
    const [whole, value = '', end = ''] = found
    const isLast = end !== ','
    // a comma at the end makes a list of what stands before it
    if (!isLast || value.trim() !== '' || values.length === 0) values.push(unquote(value.trim()))
    if (isLast) return values
    rest = rest.slice(whole.length)
  }
}

function unquote(text: string): string {
  return /^(["']).*\1$/.test(text) && text.length > 1 ? text.slice(1, -1) : text
}
