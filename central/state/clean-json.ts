import { isJsonArray, type JsonValue } from '#ganeti/json-value.js'

/** Escapes that may stand for what no database keeps: NUL, and halves of surrogate pairs. */
const suspicious = /\\u(?:0000|[dD][89a-fA-F])/

/** What PostgreSQL refuses in a text. */
const unfit = /\0|\p{Surrogate}/gu

/** Deeper than any message. */
const maxDepth = 50

/**
 * A parsed text without what no database keeps. Ganeti's Python writes bytes that are no UTF-8 as lone surrogates, and a guest's
 * serial console or an OS script may have brought them in.
 * @param text that it was parsed from: what has no such escape is handed back as it is
 */
export function cleanJson(text: string, value: JsonValue): JsonValue {
  return suspicious.test(text) ? clean(value, 0) : value
}

/** The same for a text that is kept as it came. */
export function cleanText(text: string): string {
  return text.replace(unfit, '\ufffd')
}

function clean(value: JsonValue, depth: number): JsonValue {
  if (typeof value === 'string') return cleanText(value)
  if (value === null || typeof value !== 'object') return value
  if (depth === maxDepth) return null
  if (isJsonArray(value)) return value.map((item) => clean(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [cleanText(key), clean(item, depth + 1)]),
  )
}
