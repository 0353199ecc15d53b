import { isJsonArray, type JsonObject } from '#ganeti/json-value.js'
import type { RapiRequest } from './rapi-request.js'

/**
 * The request as this version of Ganeti wants it.
 *
 * Up to 3.0 devices are plugged into running instances only when `hotplug_if_possible` asks for it; from 3.1 on they are by
 * default, and that word is refused with 400.
 * @param version `3.0.2`; empty when it is not known, which is taken for a new one
 */
export function forVersion(request: RapiRequest, version: string): RapiRequest {
  const { body } = request
  if (body === undefined || !changesNics(request) || !isBefore31(version)) return request
  return { ...request, body: { ...body, hotplug_if_possible: true } satisfies JsonObject }
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
