import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from './fault.js'

/** Lowest and highest microversion of the compute API that is served (Nova's "API microversion history"). */
export const microversions = { min: '2.1', max: '2.6' } as const

/**
 * Reads which microversion a client wants, and says in the answer which one it gets: 2.1 when it names none.
 * @returns its second number
 * @throws Fault 406 when it is not served, 400 when it is none
 */
export function negotiateMicroversion(request: FastifyRequest, reply: FastifyReply): number {
  const minor = wantedMinor(request)
  reply.header('OpenStack-API-Version', `compute 2.${minor}`)
  reply.header('X-OpenStack-Nova-API-Version', `2.${minor}`)
  reply.header('Vary', 'OpenStack-API-Version, X-OpenStack-Nova-API-Version')
  return minor
}

function wantedMinor({ headers }: FastifyRequest): number {
  const named = String(headers['openstack-api-version'] ?? '')
    .split(',')
    .map((one) => /^\s*compute\s+(\S+)\s*$/i.exec(one)?.[1])
    .find((version) => version !== undefined)
  const wanted = named ?? headers['x-openstack-nova-api-version'] ?? microversions.min
  if (wanted === 'latest') return minorOf(microversions.max)
  const minor = minorOf(String(wanted))
  if (Number.isNaN(minor)) {
    throw new Fault(
      'badRequest',
      `API Version String ${JSON.stringify(wanted)} is of invalid format`,
    )
  }
  if (minor < minorOf(microversions.min) || minor > minorOf(microversions.max)) {
    throw new Fault(
      'notAcceptable',
      `Version ${String(wanted)} is not supported by the API. Minimum is ${microversions.min} and maximum is ${microversions.max}.`,
    )
  }
  return minor
}

function minorOf(version: string): number {
  const parts = /^2\.(\d{1,4})$/.exec(version)
  if (parts !== null) return Number(parts[1])
  // 1.x and 3.x are versions too, only not ours
  return /^\d{1,4}\.\d{1,4}$/.test(version) ? -1 : Number.NaN
}
