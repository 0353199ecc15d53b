import { isJsonArray, type JsonValue } from '#ganeti/json-value.js'

/** A text, or none. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** A number, or 0. */
export function numberOf(value: JsonValue | undefined): number {
  return typeof value === 'number' ? value : 0
}

/** A list, or an empty one. */
export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return isJsonArray(value) ? value : []
}

/** A time; those of entries are seconds with a fraction. */
export function microsecondsOf(value: JsonValue | undefined): number {
  return Math.round(numberOf(value) * 1_000_000)
}
