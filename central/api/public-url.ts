import type { FastifyRequest } from 'fastify'
import type { CentralConfig } from '#central/config/central-config.js'

/**
 * How the client of a request reaches us, without a slash at the end: as configured, or else as it did just now.
 * A `Host` that is not shaped like one is not repeated.
 */
export function publicUrl(
  { server }: Pick<CentralConfig, 'server'>,
  { protocol, host }: Pick<FastifyRequest, 'protocol' | 'host'>,
): string {
  if (server.public_url !== '') return server.public_url
  const isHost = /^(?:[A-Za-z0-9.-]{1,253}|\[[\da-fA-F:.]{2,45}\])(?::\d{1,5})?$/.test(host)
  return `${protocol}://${isHost ? host : 'localhost'}`
}
