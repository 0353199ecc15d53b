import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '#ganeti/json-value.js'

/** A member that must be a text with something in it; else undefined. */
export function textOf(body: JsonObject, key: string): string | undefined {
  const value = body[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A member that must be a whole number, not negative; else undefined. */
export function countOf(body: JsonObject, key: string): number | undefined {
  const value = body[key]
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** `event_time` in microseconds; undefined when it is no time. */
export function timeUsOf(body: JsonObject): number | undefined {
  const time = body['event_time']
  if (!isJsonArray(time) || time.length !== 2) return undefined
  const [seconds, microseconds] = time
  if (typeof seconds !== 'number' || typeof microseconds !== 'number') return undefined
  const us = seconds * 1_000_000 + microseconds
  return Number.isSafeInteger(us) && us >= 0 ? us : undefined
}

/** The objects of a member that is a list; undefined when it is none. */
export function objectsOf(body: JsonObject, key: string): readonly JsonObject[] | undefined {
  const value = body[key]
  return isJsonArray(value) ? value.filter(isJsonObject) : undefined
}

/** The texts of a member that is a list; undefined when it is none. */
export function textsOf(body: JsonObject, key: string): readonly string[] | undefined {
  const value: JsonValue | undefined = body[key]
  return isJsonArray(value) ? value.filter((item) => typeof item === 'string') : undefined
}
