import { isJsonArray, isJsonObject, type JsonValue } from '#ganeti/json-value.js'
import type { RapiRequest } from './rapi-request.js'

/**
 * Where a request holds anything but printable ASCII (0x20 to 0x7E), as a path to read (`body.tags.0`), or undefined.
 *
 * One accented letter in a tag or a reason stops Ganeti's job queue for everybody, also when JSON has it escaped: luxid writes it
 * to the job's file in eight bits, and nothing reads that file again.
 */
export function findForbidden(request: RapiRequest): string | undefined {
  if (!isPrintableAscii(request.path)) return 'path'
  return findIn('query', request.query) ?? findIn('body', request.body)
}

/** True when all of a text may go to Ganeti. */
export function isPrintableAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}

/** @throws Error when the request may not go to Ganeti: whoever built it let a tenant's text through */
export function requireAscii(request: RapiRequest): void {
  const place = findForbidden(request)
  if (place !== undefined) {
    throw new Error(`a request to Ganeti may hold printable ASCII only; look at its ${place}`)
  }
}

type Nested = JsonValue | RapiRequest['query']

function findIn(place: string, value: Nested): string | undefined {
  if (typeof value === 'string') return isPrintableAscii(value) ? undefined : place
  const entries = isJsonArray(value as JsonValue)
    ? Object.entries(value as readonly JsonValue[])
    : isJsonObject(value as JsonValue)
      ? Object.entries(value as object)
      : []
  for (const [key, item] of entries) {
    if (!isPrintableAscii(key)) return `${place} (a key)`
    const found = findIn(`${place}.${key}`, item as JsonValue)
    if (found !== undefined) return found
  }
  return undefined
}
