/**
 * What a shell says with `export -p`, as far as it was written.
 *
 * - `unfinished`: the last line is not there yet
 * - `damaged`: this is no such text
 */
export type Exported =
  | { readonly kind: 'variables'; readonly values: ReadonlyMap<string, string> }
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'damaged' }

/** The line after the last variable, by which the writer says that this is all. */
const endLine = ': end\n'

/**
 * Reads the output of `export -p` of dash, busybox and bash as /bin/sh, followed by the line `: end`. Values are quoted so that a shell
 * reads them again (POSIX.1, export): `'…'`, `"…"`, `$'…'`, a backslash before one character. Nothing is ever run. Never throws.
 */
export function parseExported(text: string): Exported {
  const values = new Map<string, string>()
  const unfinished = { kind: 'unfinished' } as const
  let at = 0
  while (at < text.length) {
    if (text.startsWith(endLine, at))
      return at + endLine.length === text.length
        ? { kind: 'variables', values }
        : { kind: 'damaged' }
    lineStart.lastIndex = at
    const start = lineStart.exec(text)
    if (start === null) return text.includes('\n', at) ? { kind: 'damaged' } : unfinished
    const [head, name = '', sign] = start
    at += head.length
    if (sign === '=') {
      const word = readWord(text, at)
      if (word === undefined) return unfinished
      values.set(name, word.value)
      at = word.end
    }
    if (at >= text.length) return unfinished
    if (text[at] !== '\n') return { kind: 'damaged' }
    at += 1
  }
  return unfinished
}

/** `export NAME` alone names a variable without a value. */
const lineStart = /(?:export|declare -x) ([A-Za-z_]\w*)(=|(?=\n))/y

interface Word {
  readonly value: string
  readonly end: number
}

/** A word of the shell from `start` to the unquoted end of its line; undefined when the text ends before. */
function readWord(text: string, start: number): Word | undefined {
  const parts: string[] = []
  let at = start
  while (at < text.length && text[at] !== '\n') {
    const part = readPart(text, at)
    if (part === undefined) return undefined
    parts.push(part.value)
    at = part.end
  }
  return { value: parts.join(''), end: at }
}

function readPart(text: string, at: number): Word | undefined {
  if (text[at] === "'") {
    const end = text.indexOf("'", at + 1)
    return end < 0 ? undefined : { value: text.slice(at + 1, end), end: end + 1 }
  }
  if (text[at] === '"') return readQuoted(text, at + 1, { quote: '"', meaning: plainMeaning })
  if (text.startsWith("$'", at))
    return readQuoted(text, at + 2, { quote: "'", meaning: ansiMeaning })
  if (text[at] === '\\')
    return at + 1 < text.length ? { value: text[at + 1] ?? '', end: at + 2 } : undefined
  plain.lastIndex = at
  const value = plain.exec(text)?.[0] ?? text[at] ?? ''
  return { value, end: at + value.length }
}

const plain = /[^'"\\$\n]+/y

/** A quoted part from behind its opening quote on. */
function readQuoted(
  text: string,
  start: number,
  { quote, meaning }: { readonly quote: string; readonly meaning: (quoted: string) => string },
): Word | undefined {
  for (let at = start; at < text.length; at++) {
    if (text[at] === quote) return { value: meaning(text.slice(start, at)), end: at + 1 }
    if (text[at] === '\\') at += 1
  }
  return undefined
}

function plainMeaning(quoted: string): string {
  return quoted.replace(/\\([$`"\\])/g, '$1')
}

/** Bash writes so what is no printable character of its locale: bytes in octal; of controls Ganeti's values have few. */
function ansiMeaning(quoted: string): string {
  const controls: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }
  return quoted.replace(
    /((?:\\[0-7]{3})+)|\\([\s\S])/g,
    (_all, octal: string | undefined, character = '') =>
      octal === undefined ? (controls[character] ?? character) : decodeOctal(octal),
  )
}

function decodeOctal(text: string): string {
  const bytes = text.split('\\').slice(1)
  return new TextDecoder().decode(Uint8Array.from(bytes, (octal) => Number.parseInt(octal, 8)))
}
