/** How important a line is; names and numbers are syslog's (RFC 5424 §6.2.1). */
export type LogLevel = 'error' | 'warning' | 'info' | 'debug'

/** Facts of a log line. Undefined ones are left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** Writes lines of one event and its facts. */
export type Log = (level: LogLevel, event: string, fields?: LogFields) => void

const priorities: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, info: 6, debug: 7 }

/**
 * A log on standard error: an event name and its facts, `watching directory=/var/lib/ganeti/queue ms=3`. No time stamps,
 * the journal has them; with `withPriority` each line begins with the journal's `<6>`.
 */
export function createLog({
  level: given,
  withPriority,
  write = (line: string) => process.stderr.write(line),
}: {
  /** Or what says it at each line, where it may change. */
  readonly level: LogLevel | (() => LogLevel)
  readonly withPriority: boolean
  readonly write?: (line: string) => unknown
}): Log {
  const level = typeof given === 'string' ? () => given : given
  return (lineLevel, event, fields = {}) => {
    if (priorities[lineLevel] > priorities[level()]) return
    const facts = Object.entries(fields).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key}=${formatValue(value)}`],
    )
    const text = [event, ...facts].join(' ')
    write(`${withPriority ? `<${priorities[lineLevel]}>` : ''}${text}\n`)
  }
}

/** Writes one line to standard output; false when the reader should be waited for. */
export function printLine(line: string): boolean {
  return process.stdout.write(`${line}\n`)
}

/**
 * The text with control characters, line separators and marks that turn the direction of writing escaped: names come
 * from whoever may submit jobs, and a terminal would obey them.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (unit) => `\\u${(unit.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}

/** Quotes what would break the line apart; control characters never get through. */
function formatValue(value: string | number | boolean): string {
  const text = String(value)
  return /^[\x21\x23-\x3c\x3e-\x7e]+$/.test(text) ? text : printable(JSON.stringify(text))
}
