/**
 * A JSON value that lost nothing on the way in: integers beyond 2^53 are bigint, because Ganeti writes nanosecond
 * time stamps that a double would round (`src/Ganeti/JQueue.hs`, `reasonTrailTimestamp`).
 */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/** A JSON object as {@link JsonValue} knows it. */
export type JsonObject = { readonly [key: string]: JsonValue }

/** True for an object, false for null, arrays and scalars. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True for an array; narrows where `Array.isArray` gives up on readonly arrays. */
export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/**
 * The JSON text of a value, in ASCII; big integers keep every digit.
 *
 * Anything beyond ASCII is escaped, so that no consumer has to guess an encoding. Never throws: a value that came
 * from {@link JsonValue}'s parser is never cyclic, and its depth was limited there.
 */
export function formatJson(value: JsonValue): string {
  return write(value).replace(/[\u007f-\uffff]/g, escapeUnit)
}

function write(value: JsonValue): string {
  if (typeof value === 'bigint') return value.toString()
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (isJsonArray(value)) return `[${value.map(write).join(',')}]`
  const members = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}:${write(item)}`,
  )
  return `{${members.join(',')}}`
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
