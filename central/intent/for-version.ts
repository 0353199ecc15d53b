import { isJsonArray, type JsonObject } from '#ganeti/json-value.js'
import type { RapiRequest } from './rapi-request.js'

/**
 * The request as this version of Ganeti wants it.
 *
 * Up to 3.0 NICs are plugged into running instances only when `hotplug_if_possible` asks for it; from 3.1 on they are unless
 * `hotplug` says no, and the other word is refused with 400.
 * @param version `3.0.2`; empty when it is not known, which is taken for a new one
 */
export function forVersion(
  request: RapiRequest,
  { version, hotplug }: { readonly version: string; readonly hotplug: boolean },
): RapiRequest {
  const { body } = request
  if (body === undefined || !changesNics(request)) return request
  const isOld = isBefore31(version)
  if (isOld !== hotplug) return request
  const word: JsonObject = isOld ? { hotplug_if_possible: true } : { hotplug: false }
  return { ...request, body: { ...body, ...word } }
}

function changesNics({ path, body }: RapiRequest): boolean {
  return path.endsWith('/modify') && isJsonArray(body?.['nics'])
}

function isBefore31(version: string): boolean {
  const parts = /^(\d+)\.(\d+)/.exec(version)
  if (parts === null) return false
  const [major, minor] = [Number(parts[1]), Number(parts[2])]
  return major < 3 || (major === 3 && minor < 1)
}
