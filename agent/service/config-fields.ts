import { err, ok, type Result } from '#result.js'
import { type Duration, parseDuration, parseSize, type Size } from './units.js'

/** One key of a configuration file. */
export interface Field<T> {
  /** As the file would have it. */
  readonly defaultText: string
  /** One or more sentences for the reference file and `config show`. */
  readonly doc: string
  /** Whether the value is kept out of every output. */
  readonly isSecret: boolean
  /** The value, or what is wrong with the text. */
  readonly parse: (text: string) => Result<T, string>
}

/** A switch: yes/no, true/false, on/off, 1/0. */
export function flag(defaultText: 'yes' | 'no', doc: string): Field<boolean> {
  return {
    ...plain(defaultText, doc),
    parse: (text) => {
      if (/^(?:yes|true|on|1)$/i.test(text)) return ok(true)
      return /^(?:no|false|off|0)$/i.test(text) ? ok(false) : err('wants yes or no')
    },
  }
}

/** Any text. */
export function text(defaultText: string, doc: string): Field<string> {
  return { ...plain(defaultText, doc), parse: ok }
}

/** An absolute path; empty for "none" where the default is empty. */
export function absolutePath(defaultText: string, doc: string): Field<string> {
  return {
    ...plain(defaultText, doc),
    parse: (value) =>
      value.startsWith('/') || (value === '' && defaultText === '')
        ? ok(value)
        : err('wants an absolute path'),
  }
}

/** A whole number between two bounds. */
export function integer(
  defaultText: string,
  doc: string,
  { min, max }: { readonly min: number; readonly max: number },
): Field<number> {
  return {
    ...plain(defaultText, doc),
    parse: (value) => {
      const number = /^\d{1,10}$/.test(value) ? Number(value) : -1
      return number >= min && number <= max
        ? ok(number)
        : err(`wants a whole number from ${min} to ${max}`)
    },
  }
}

/** Names, separated by commas; `*` for all there are. */
export function names(defaultText: string, doc: string): Field<'all' | ReadonlySet<string>> {
  return {
    ...plain(defaultText, doc),
    parse: (value) => {
      const members = value.split(',').map((member) => member.trim())
      if (members.includes('*')) return members.length === 1 ? ok('all') : err('wants names, or *')
      return ok(new Set(members.filter((member) => member !== '')))
    },
  }
}

/** A length of time between two bounds. */
export function duration(
  defaultText: string,
  doc: string,
  { min, max }: { readonly min: string; readonly max: string },
): Field<Duration> {
  return {
    ...plain(defaultText, doc),
    parse: (value) =>
      within(
        parseDuration(value),
        { min: parseDuration(min), max: parseDuration(max) },
        { min, max },
      ),
  }
}

/** A number of bytes between two bounds. */
export function size(
  defaultText: string,
  doc: string,
  { min, max }: { readonly min: string; readonly max: string },
): Field<Size> {
  return {
    ...plain(defaultText, doc),
    parse: (value) =>
      within(parseSize(value), { min: parseSize(min), max: parseSize(max) }, { min, max }),
  }
}

/** One of several words. */
export function choice<const T extends string>(
  words: readonly T[],
  defaultText: NoInfer<T>,
  doc: string,
): Field<T> {
  return {
    ...plain(defaultText, doc),
    parse: (value) => {
      const word = words.find((candidate) => candidate === value)
      return word === undefined ? err(`wants one of ${words.join(', ')}`) : ok(word)
    },
  }
}

/** AMQP addresses, separated by commas or spaces. */
export function amqpUrls(defaultText: string, doc: string): Field<readonly string[]> {
  return {
    ...plain(defaultText, doc),
    isSecret: true,
    parse: (value) => {
      const urls = value.split(/[\s,]+/).filter((url) => url !== '')
      if (urls.length === 0) return err('wants at least one amqp:// or amqps:// address')
      return urls.every(isAmqpUrl)
        ? ok(urls)
        : err('wants addresses like amqp://user:password@host:5672/vhost')
    },
  }
}

function plain(
  defaultText: string,
  doc: string,
): Pick<Field<unknown>, 'defaultText' | 'doc' | 'isSecret'> {
  return { defaultText, doc, isSecret: false }
}

function isAmqpUrl(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return (protocol === 'amqp:' || protocol === 'amqps:') && hostname !== ''
}

function within<T extends Duration | Size>(
  value: Result<T, string>,
  bounds: { readonly min: Result<T, string>; readonly max: Result<T, string> },
  texts: { readonly min: string; readonly max: string },
): Result<T, string> {
  if (!value.ok || !bounds.min.ok || !bounds.max.ok) return value
  const amount = amountOf(value.value)
  const isInside = amount >= amountOf(bounds.min.value) && amount <= amountOf(bounds.max.value)
  return isInside ? value : err(`wants a value from ${texts.min} to ${texts.max}`)
}

function amountOf(value: Duration | Size): number {
  return 'ms' in value ? value.ms : value.bytes
}
